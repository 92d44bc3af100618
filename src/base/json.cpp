#include "base/json.hpp"

#include "base/encoding.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <vector>

namespace zs {
namespace json = boost::json;
namespace {

enum class Refusal { None, DuplicateKey };

// Builds the value and watches for duplicate keys, which Boost.JSON itself would resolve silently.
struct Handler {
    static constexpr std::size_t max_object_size = json::object::max_size();
    static constexpr std::size_t max_array_size = json::array::max_size();
    static constexpr std::size_t max_key_size = json::string::max_size();
    static constexpr std::size_t max_string_size = json::string::max_size();

    json::value_stack stack;
    // A tree, not a hash table: whoever picks the keys must not be able to pick their collisions.
    std::vector<std::set<std::string>> keys;
    std::string key;
    std::string duplicate;
    Refusal refusal = Refusal::None;

    bool on_document_begin(json::error_code&) {
        stack.reset();
        return true;
    }
    bool on_document_end(json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) {
        keys.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t n, json::error_code&) {
        keys.pop_back();
        stack.push_object(n);
        return true;
    }
    bool on_array_begin(json::error_code&) { return true; }
    bool on_array_end(std::size_t n, json::error_code&) {
        stack.push_array(n);
        return true;
    }
    bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
        key.append(part.data(), part.size());
        stack.push_chars(part);
        return true;
    }
    bool on_key(json::string_view part, std::size_t, json::error_code& error) {
        key.append(part.data(), part.size());
        stack.push_key(part);
        if (!keys.back().insert(key).second) {
            refusal = Refusal::DuplicateKey;
            duplicate = key;
            error = json::error::syntax;
            return false;
        }
        key.clear();
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
        stack.push_chars(part);
        return true;
    }
    bool on_string(json::string_view part, std::size_t, json::error_code&) {
        stack.push_string(part);
        return true;
    }
    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t i, json::string_view, json::error_code&) {
        stack.push_int64(i);
        return true;
    }
    bool on_uint64(std::uint64_t u, json::string_view, json::error_code&) {
        stack.push_uint64(u);
        return true;
    }
    bool on_double(double d, json::string_view, json::error_code&) {
        stack.push_double(d);
        return true;
    }
    bool on_bool(bool b, json::error_code&) {
        stack.push_bool(b);
        return true;
    }
    bool on_null(json::error_code&) {
        stack.push_null();
        return true;
    }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }
};

Error at_offset(std::string_view text, std::size_t offset, std::string_view what) {
    offset = std::min(offset, text.size());
    const std::string_view before = text.substr(0, offset);
    const auto line = static_cast<std::int64_t>(std::count(before.begin(), before.end(), '\n')) + 1;
    const auto last_break = before.rfind('\n');
    const auto column = static_cast<std::int64_t>(
        last_break == std::string_view::npos ? offset + 1 : offset - last_break);
    return invalid_argument(fmt::format("line {}, column {}: {}", line, column, what),
                            "invalid_json")
        .with("line", line)
        .with("column", column)
        .with("offset", static_cast<std::int64_t>(offset));
}

std::string describe(const json::error_code& error, std::size_t depth_max) {
    if (error == json::error::too_deep)
        return fmt::format("nested deeper than {} levels", depth_max);
    if (error == json::error::incomplete) return "the text ends in the middle of a value";
    if (error == json::error::extra_data) return "something follows the value";
    return error.message();
}

}  // namespace

Result<json::value> parse_json(std::string_view text, JsonLimits limits) {
    json::parse_options options;
    options.max_depth = limits.depth_max;
    json::basic_parser<Handler> parser(options);
    json::error_code error;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
    if (parser.handler().refusal == Refusal::DuplicateKey) {
        return at_offset(text, used, "duplicate key \"" + parser.handler().duplicate + "\"");
    }
    if (error) return at_offset(text, used, describe(error, limits.depth_max));
    const auto rest = text.find_first_not_of(" \t\r\n", used);
    if (rest != std::string_view::npos) return at_offset(text, rest, "something follows the value");
    return parser.handler().stack.release();
}

void append_json_string(std::string& out, std::string_view text) {
    constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
    out += '"';
    std::size_t i = 0;
    while (i < text.size()) {
        const auto c = static_cast<unsigned char>(text[i]);
        std::size_t plain = i;
        while (plain < text.size()) {
            const auto p = static_cast<unsigned char>(text[plain]);
            if (p < 0x20 || p >= 0x80 || p == '"' || p == '\\') break;
            ++plain;
        }
        if (plain > i) {
            out.append(text, i, plain - i);
            i = plain;
            continue;
        }
        if (c >= 0x80) {
            const std::size_t length = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
            const auto point = text.substr(i, length);
            if (c >= 0xC0 && is_utf8(point)) {
                out += point;
                i += length;
            } else {
                out += kReplacement;
                ++i;
            }
            continue;
        }
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default: out += fmt::format("\\u{:04x}", c);
        }
        ++i;
    }
    out += '"';
}

void append_json_number(std::string& out, std::int64_t number) {
    constexpr std::int64_t kExactMax = (std::int64_t{1} << 53) - 1;
    const fmt::format_int digits(number);
    const bool exact = number >= -kExactMax && number <= kExactMax;
    if (!exact) out += '"';
    out.append(digits.data(), digits.size());
    if (!exact) out += '"';
}

void append_json_number(std::string& out, double number) {
    if (std::isnan(number)) {
        out += "\"NaN\"";
    } else if (std::isinf(number)) {
        out += number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    } else {
        std::array<char, 32> buffer;
        const auto [end, error] =
            std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
        out.append(buffer.data(), end);
        // A double that happens to be whole stays recognisable as one.
        if (std::string_view(buffer.data(), static_cast<std::size_t>(end - buffer.data()))
                .find_first_of(".en")
            == std::string_view::npos) {
            out += ".0";
        }
    }
}

}  // namespace zs
