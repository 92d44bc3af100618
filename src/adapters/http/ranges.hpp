#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace zs::http {

// What a Range header asks of a representation of `size` bytes.
struct RangeAnswer {
    enum class Kind {
        Whole,          // no range, or one to be ignored: 200
        Part,           // 206 with [first, last]
        Unsatisfiable,  // 416 with Content-Range: bytes */size
    };
    Kind kind = Kind::Whole;
    std::uint64_t first = 0;
    std::uint64_t last = 0;  // the last byte, included
};

// One range of bytes. Several ranges, other units and anything malformed are ignored, as the
// standard allows. Source: RFC 9110 section 14.2.
RangeAnswer parse_range(std::string_view range, std::uint64_t size);

// True when `if_none_match` names `etag` (with quotes) or is "*": the answer is 304. Weak
// comparison.
// Source: RFC 9110 section 13.1.2.
bool matches_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace zs::http
