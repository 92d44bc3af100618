#include "core/events/event.hpp"

#include "base/json.hpp"
#include "base/json_writer.hpp"

#include <fmt/format.h>

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

namespace {

void add_member(std::string& json, std::string_view name, std::string_view text) {
    json += ",\"";
    json += name;
    json += "\":";
    append_json_string(json, text);
}

// Every change of every job comes by here, so the text is put together without an object.
std::string frame_of(const NewEvent& event, std::uint64_t seq, std::string_view time) {
    std::string json;
    json.reserve(320 + event.more_data.size());
    json += "{\"topic\":";
    append_json_string(json, event.topic.text());
    add_member(json, "type", event.type);
    json += ",\"seq\":";
    json += fmt::format_int(seq).c_str();
    add_member(json, "ts", time);
    json += ",\"data\":{\"event\":";
    append_json_string(json, event.type);
    for (const auto& [name, value] : event.data) {
        const std::string_view key(name.data(), name.size());
        if (key == "event" || key == "timestamp" || key == "level" || key == "message") continue;
        json += ',';
        append_json_string(json, key);
        json += ':';
        append_json(json, value);
    }
    if (!event.more_data.empty()) json.append(",").append(event.more_data);
    add_member(json, "timestamp", time);
    add_member(json, "level", to_text(event.level));
    add_member(json, "message", event.message);
    json += "}}";
    return json;
}

std::size_t about_bytes(const boost::json::object& object);

std::size_t about_bytes(const boost::json::value& value) {
    constexpr std::size_t kNumber = 8;
    std::size_t bytes = kNumber;
    if (value.is_string()) bytes = value.get_string().size();
    if (value.is_object()) bytes = about_bytes(value.get_object());
    if (value.is_array()) {
        for (const auto& item : value.get_array())
            bytes += about_bytes(item);
    }
    return bytes;
}

std::size_t about_bytes(const boost::json::object& object) {
    constexpr std::size_t kPunctuation = 6;
    std::size_t bytes = 0;
    for (const auto& [name, value] : object)
        bytes += name.size() + kPunctuation + about_bytes(value);
    return bytes;
}

}  // namespace

std::size_t about_bytes(const NewEvent& event) {
    constexpr std::size_t kWhatAllHave = 200;  // names of members, two times, a number, a level
    return kWhatAllHave + event.topic.name.size() + 2 * event.type.size() + event.message.size()
           + event.more_data.size() + about_bytes(event.data);
}

EventPtr make_event(const identity::Tenant& tenant, NewEvent event, std::uint64_t seq,
                    Timestamp at) {
    auto made = std::make_shared<Event>();
    made->frame = frame_of(event, seq, to_rfc3339(at));
    made->tenant = tenant;
    made->topic = std::move(event.topic);
    made->type = std::move(event.type);
    made->seq = seq;
    made->at = at;
    return made;
}

}  // namespace zs::events
