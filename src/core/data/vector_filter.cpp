#include "core/data/vector_filter.hpp"

#include "base/encoding.hpp"
#include "core/data/limits.hpp"

#include <cstdint>

namespace zs::data {
namespace {

Error refused(std::string message, std::size_t offset) {
    return invalid_field("filter", "'filter' " + std::move(message), "invalid_filter")
        .with("offset", static_cast<std::int64_t>(offset));
}

// The quote that ends what begins with `open`; 0 when nothing is quoted by it.
char closing_quote(char open) {
    switch (open) {
        case '\'':
        case '"':
        case '`': return open;
        case '[': return ']';
        default: return 0;
    }
}

bool is_name_byte(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'
           || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

// The engine reads "$name(anything)" as one parameter, whatever quotes and brackets are in it.
bool is_parameter_with_suffix(std::string_view rest) {
    if (std::string_view("$@#:").find(rest.front()) == std::string_view::npos) return false;
    std::size_t at = 1;
    while (at < rest.size() && (is_name_byte(rest[at]) || rest[at] == ':'))
        ++at;
    return at < rest.size() && rest[at] == '(';
}

}  // namespace

Result<void> check_filter(std::string_view filter) {
    if (trim(filter).empty()) return refused("must not be empty", 0);
    if (filter.size() > limits::kVectorFilterBytesMax) {
        return refused("is longer than " + std::to_string(limits::kVectorFilterBytesMax) + " bytes",
                       limits::kVectorFilterBytesMax);
    }
    std::size_t depth = 0;
    for (std::size_t at = 0; at < filter.size(); ++at) {
        const char c = filter[at];
        const char next = at + 1 < filter.size() ? filter[at + 1] : '\0';
        if (const char quote = closing_quote(c)) {
            // A doubled quote ends one literal and begins the next, which comes to the same.
            const auto end = filter.find(quote, at + 1);
            if (end == std::string_view::npos) return refused("has a quote that is not closed", at);
            at = end;
            continue;
        }
        if (c == '\0') return refused("must not hold NUL", at);
        if (c == ';') return refused("must be one expression, without ';'", at);
        if ((c == '-' && next == '-') || (c == '/' && next == '*')) {
            return refused("must not hold a comment", at);
        }
        if (is_parameter_with_suffix(filter.substr(at))) {
            return refused("has a bracket behind the name of a parameter", at);
        }
        if (c == '(') ++depth;
        if (c == ')') {
            if (depth == 0) return refused("closes a bracket that it did not open", at);
            --depth;
        }
    }
    if (depth != 0) return refused("has a bracket that is not closed", filter.size());
    return {};
}

}  // namespace zs::data
