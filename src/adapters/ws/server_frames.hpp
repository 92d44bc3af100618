#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "core/events/event.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

// What the server says besides events, on the topic meta/ws: whole text frames.
// Source: http-api.md section 9.3.
namespace zs::ws {

struct Control {
    std::string_view type;
    boost::json::value id = nullptr;  // of the message it answers
    std::string message;              // for people
    events::Level level = events::Level::Info;
    boost::json::object data = {};
};

std::string control_json(Control control, Timestamp now);
std::string control_frame(Control control, Timestamp now);
// `topic`: what the refused message was about; may be empty.
std::string error_frame(const Error& error, const boost::json::value& id, std::string_view topic,
                        std::string_view request_id, Timestamp now);

}  // namespace zs::ws
