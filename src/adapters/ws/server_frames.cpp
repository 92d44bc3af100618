#include "adapters/ws/server_frames.hpp"

#include "adapters/ws/frame.hpp"
#include "base/json_writer.hpp"

#include <utility>

namespace zs::ws {
namespace {

boost::json::object make_control(Control control, Timestamp now) {
    const auto time = to_rfc3339(now);
    control.data["timestamp"] = json_text(time);
    control.data["level"] = json_text(events::to_text(control.level));
    control.data["message"] = json_text(control.message);
    boost::json::object frame;
    frame["topic"] = "meta/ws";
    frame["type"] = json_text(control.type);
    frame["action"] = json_text(control.type);
    if (!control.id.is_null()) frame["id"] = std::move(control.id);
    frame["seq"] = 0;
    frame["ts"] = json_text(time);
    frame["data"] = std::move(control.data);
    return frame;
}

}  // namespace

std::string control_json(Control control, Timestamp now) {
    return write_json(make_control(std::move(control), now));
}

std::string control_frame(Control control, Timestamp now) {
    return make_text_frame(control_json(std::move(control), now));
}

std::string error_frame(const Error& error, const boost::json::value& id, std::string_view topic,
                        std::string_view request_id, Timestamp now) {
    Control control;
    control.type = "error";
    control.id = id;
    control.message = error.message;
    control.level = events::Level::Error;
    control.data = error.details;
    control.data["error"] = json_text(error.reason_text());
    if (!topic.empty()) control.data["topic"] = json_text(topic);
    auto frame = make_control(std::move(control), now);
    frame["error"] = json_text(error.reason_text());
    frame["code"] = json_text(error.reason_text());
    frame["message"] = json_text(error.message);
    frame["request_id"] = json_text(request_id);
    return make_text_frame(write_json(frame));
}

}  // namespace zs::ws
