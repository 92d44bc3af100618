#pragma once

#include "core/data/ingest_service.hpp"
#include "core/events/event_bus.hpp"

namespace zs::server {

// One `ingest` event for each commit of a stream, on collections/<name>: `count`, and `ids` of the
// first documents. Lifetime: the bus outlives the service.
// Source: http-api.md sections 7 and 9.4.
void publish_ingests(data::IngestService& ingest, events::EventBus& bus);

}  // namespace zs::server
