#include "base/json_writer.hpp"

#include "base/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <cmath>

namespace zs {
namespace {

namespace json = boost::json;

std::string_view view(json::string_view text) {
    return {text.data(), text.size()};
}

void append_double(std::string& out, double number) {
    // It was read from digits beyond any double, and is so again by whoever reads it.
    if (std::isinf(number)) {
        out += number > 0 ? "1e999" : "-1e999";
        return;
    }
    append_json_number(out, number);
}

void append_array(std::string& out, const json::array& array) {
    out += '[';
    bool first = true;
    for (const auto& item : array) {
        if (!first) out += ',';
        first = false;
        append_json(out, item);
    }
    out += ']';
}

void append_integer(std::string& out, auto number) {
    const fmt::format_int digits(number);
    out.append(digits.data(), digits.size());
}

}  // namespace

void append_json(std::string& out, const json::object& object) {
    out += '{';
    bool first = true;
    for (const auto& [key, item] : object) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, view(key));
        out += ':';
        append_json(out, item);
    }
    out += '}';
}

void append_json(std::string& out, const json::value& value) {
    switch (value.kind()) {
        case json::kind::null: out += "null"; return;
        case json::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
        case json::kind::int64: append_integer(out, value.get_int64()); return;
        case json::kind::uint64: append_integer(out, value.get_uint64()); return;
        case json::kind::double_: append_double(out, value.get_double()); return;
        case json::kind::string: append_json_string(out, view(value.get_string())); return;
        case json::kind::array: append_array(out, value.get_array()); return;
        case json::kind::object: append_json(out, value.get_object()); return;
    }
}

std::string write_json(const json::value& value) {
    std::string out;
    append_json(out, value);
    return out;
}

}  // namespace zs
