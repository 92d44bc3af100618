#pragma once

#include "core/events/event.hpp"

#include <memory>
#include <string>

namespace zs::events {

// What waits for a client to take it: an event, or a message of the transport itself.
// Immutable and shared: an event's parcel is made once, whoever many clients get it.
struct Parcel {
    EventPtr event;     // null: a message of the transport, which is never dropped
    std::string bytes;  // as the transport sends it
};
using ParcelPtr = std::shared_ptr<const Parcel>;

inline ParcelPtr control_parcel(std::string bytes) {
    auto parcel = std::make_shared<Parcel>();
    parcel->bytes = std::move(bytes);
    return parcel;
}

}  // namespace zs::events
