#include "server/ingest_events.hpp"

#include <boost/json/array.hpp>

namespace zs::server {
namespace {

events::NewEvent ingest_event(const data::DocumentScope& scope,
                              const data::DocumentWritten& written) {
    const std::string& name = scope.collection->name;
    events::NewEvent event;
    event.topic = events::Topic{events::TopicFamily::Collections, name};
    event.type = "ingest";
    event.message = "collection " + name + ": " + std::to_string(written.counts.ingested)
                    + " documents ingested";
    boost::json::array ids;
    for (const auto& id : written.ids)
        ids.push_back(json_text(id));
    event.data["count"] = written.counts.ingested;
    event.data["ids"] = std::move(ids);
    return event;
}

}  // namespace

void publish_ingests(data::IngestService& ingest, events::EventBus& bus) {
    ingest.on_commit(
        [&bus](const data::DocumentScope& scope, const data::DocumentWritten& written) {
            bus.publish(scope.tenant, ingest_event(scope, written));
        });
}

}  // namespace zs::server
