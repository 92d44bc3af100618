#include "adapters/http/ranges.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <charconv>

namespace zs::http {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string_view without_weakness(std::string_view etag) {
    return etag.starts_with("W/") ? etag.substr(2) : etag;
}

}  // namespace

RangeAnswer parse_range(std::string_view range, std::uint64_t size) {
    constexpr std::string_view kUnit = "bytes=";
    range = trim(range);
    if (range.size() <= kUnit.size() || !equals_ignoring_case(range.substr(0, 6), kUnit)) return {};
    range = trim(range.substr(kUnit.size()));
    const auto dash = range.find('-');
    if (dash == std::string_view::npos || range.find(',') != std::string_view::npos) return {};
    const auto first_text = range.substr(0, dash);
    const auto last_text = range.substr(dash + 1);
    RangeAnswer answer;
    if (first_text.empty()) {  // the last N bytes
        const auto count = parse_number(last_text);
        if (!count) return {};
        answer.kind =
            *count == 0 || size == 0 ? RangeAnswer::Kind::Unsatisfiable : RangeAnswer::Kind::Part;
        answer.first = size - std::min(*count, size);
        answer.last = size == 0 ? 0 : size - 1;
        return answer;
    }
    const auto first = parse_number(first_text);
    if (!first) return {};
    const auto last = last_text.empty() ? std::optional(UINT64_MAX) : parse_number(last_text);
    if (!last || *last < *first) return {};
    if (*first >= size) {
        answer.kind = RangeAnswer::Kind::Unsatisfiable;
        return answer;
    }
    answer.kind = RangeAnswer::Kind::Part;
    answer.first = *first;
    answer.last = std::min(*last, size - 1);
    return answer;
}

bool matches_etag(std::string_view if_none_match, std::string_view etag) {
    if (trim(if_none_match) == "*") return true;
    etag = without_weakness(etag);
    while (true) {
        if_none_match = trim(if_none_match);
        if (if_none_match.empty()) return false;
        if (if_none_match.front() == ',') {
            if_none_match.remove_prefix(1);
            continue;
        }
        const auto tag = without_weakness(if_none_match);
        if (tag.empty() || tag.front() != '"') return false;
        const auto end = tag.find('"', 1);
        if (end == std::string_view::npos) return false;
        if (tag.substr(0, end + 1) == etag) return true;
        if_none_match = tag.substr(end + 1);
    }
}

}  // namespace zs::http
