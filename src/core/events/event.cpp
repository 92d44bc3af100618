#include "core/events/event.hpp"

#include "base/json_writer.hpp"

#include <utility>

namespace zs::events {

std::string_view to_text(Level level) noexcept {
    switch (level) {
        case Level::Debug: return "debug";
        case Level::Info: return "info";
        case Level::Warning: return "warning";
        case Level::Error: return "error";
    }
    return "info";
}

EventPtr make_event(const identity::Tenant& tenant, NewEvent event, std::uint64_t seq,
                    Timestamp at) {
    const auto time = to_rfc3339(at);
    auto& data = event.data;
    data["event"] = json_text(event.type);
    data["timestamp"] = json_text(time);
    data["level"] = json_text(to_text(event.level));
    data["message"] = json_text(event.message);
    boost::json::object frame;
    frame["topic"] = json_text(event.topic.text());
    frame["type"] = json_text(event.type);
    frame["seq"] = seq;
    frame["ts"] = json_text(time);
    frame["data"] = std::move(data);
    auto made = std::make_shared<Event>();
    made->tenant = tenant;
    made->topic = std::move(event.topic);
    made->type = std::move(event.type);
    made->seq = seq;
    made->at = at;
    made->frame = write_json(frame);
    return made;
}

}  // namespace zs::events
