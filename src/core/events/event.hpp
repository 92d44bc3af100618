#pragma once

#include "base/clock.hpp"
#include "core/events/topic.hpp"
#include "core/identity/principal.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace zs::events {

// How bad it is, for handlers that just print: "info" unless something went wrong.
enum class Level : std::uint8_t { Debug, Info, Warning, Error };
std::string_view to_text(Level level) noexcept;  // debug, info, warning, error

// What happened, before it has its place in the order.
struct NewEvent {
    Topic topic;
    std::string type;     // "change", "state", …
    std::string message;  // for people
    Level level = Level::Info;
    boost::json::object data;  // the fields of this type
    // More of them, as JSON text without braces: for types of which there are many.
    std::string more_data;
};

// One thing that happened. Immutable and shared: every receiver gets the same bytes.
struct Event {
    identity::Tenant tenant;
    Topic topic;
    std::string type;
    std::uint64_t seq = 0;  // below 2^53; grows strictly per tenant, also over restarts
    Timestamp at;
    // The JSON text of http-api.md section 9.3: topic, type, seq, ts and data, with at least event,
    // timestamp, level and message in it.
    std::string frame;
};
using EventPtr = std::shared_ptr<const Event>;

// Bytes that its frame will have, but for what has to be escaped.
std::size_t about_bytes(const NewEvent& event);
EventPtr make_event(const identity::Tenant& tenant, NewEvent event, std::uint64_t seq,
                    Timestamp at);

}  // namespace zs::events
