#pragma once

#include "base/error.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace zs {

struct JsonLimits {
    std::size_t depth_max = 64;
};

// Reads one JSON text (RFC 8259, UTF-8) strictly: duplicate keys, nesting beyond the limit, bad
// UTF-8 and anything after the value are errors.
// Errors: InvalidArgument with reason "invalid_json" and details line, column, offset.
Result<boost::json::value> parse_json(std::string_view text, JsonLimits limits = {});

// Appends `text` as a JSON string with quotes. `text` must be UTF-8; bytes that are not are
// replaced by U+FFFD, so the output is always valid JSON.
void append_json_string(std::string& out, std::string_view text);

// A number as JSON. 64-bit integers outside ±(2^53-1) become text, so that no reader rounds them;
// Infinity and NaN become text, because JSON has no such numbers.
void append_json_number(std::string& out, std::int64_t number);
void append_json_number(std::string& out, double number);

}  // namespace zs
