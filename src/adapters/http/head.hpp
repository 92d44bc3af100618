#pragma once

#include "adapters/http/message.hpp"
#include "adapters/http/target.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace zs::http {

// Fields the server itself looks at; each may appear once. The rest is found by name.
enum class Known : std::uint8_t {
    Accept,
    AcceptEncoding,
    Authorization,
    ContentEncoding,
    ContentLength,
    ContentType,
    Expect,
    Host,
    Origin,
    RequestId,
    Traceparent,
    TransferEncoding,
    ApiKey,
};
inline constexpr std::size_t kKnownCount = 13;

struct HeadField {
    std::string_view name;
    std::string_view value;
};

// The request line and the header fields of one request. Everything points into the buffer that the
// parser read.
struct RequestHead {
    Method method = Method::Other;
    std::string_view method_text;
    Target target;
    int minor_version = 1;  // of HTTP/1
    std::vector<HeadField> fields;
    std::array<std::string_view, kKnownCount> known{};
    std::array<bool, kKnownCount> present{};
    std::size_t size = 0;  // bytes in the buffer, blank lines before the request line included

    bool chunked = false;
    std::optional<std::uint64_t> content_length;
    bool keep_alive = true;
    bool expect_continue = false;

    bool has(Known field) const { return present[static_cast<std::size_t>(field)]; }
    std::string_view get(Known field) const { return known[static_cast<std::size_t>(field)]; }
    const HeadField* find(std::string_view name) const;
    bool has_body() const { return chunked || content_length.value_or(0) > 0; }
    void clear();
};

struct HeadLimits {
    std::size_t line_max = 8192;
    std::size_t block_max = 16384;
    std::size_t fields_max = 100;
};

// Reads a request head strictly: what one server could read in two ways is refused. Bare LF, folded
// lines, blanks before the colon, control characters, repeated or unclear lengths and repeated
// fields that may stand once are all errors, and after an error the connection cannot go on.
// Source: RFC 9112 sections 2 to 6; RFC 9110 section 5.
class HeadParser {
public:
    explicit HeadParser(HeadLimits limits) : limits_(limits) {}

    enum class Status {
        Complete,
        NeedMore,
        Bad,                 // 400
        LineTooLong,         // 414
        TooLarge,            // 431
        UnknownCoding,       // 501: a Transfer-Encoding that is not chunked
        UnknownVersion,      // 505
        UnknownExpectation,  // 417
    };
    // `buffer` begins where it began at the last call and has grown; reset() before another request
    // or when the bytes have moved.
    Status parse(std::string_view buffer, RequestHead& head);
    void reset();
    // What is wrong, for people; only after an error.
    std::string_view problem() const { return problem_; }

private:
    Status parse_line(std::string_view line, RequestHead& head);
    Status parse_request_line(std::string_view line, RequestHead& head);
    Status parse_field(std::string_view line, RequestHead& head);
    Status note_known(Known field, std::string_view value, RequestHead& head);
    Status finish(RequestHead& head);
    Status check_framing(RequestHead& head);
    Status check_limits(std::size_t line_end) const;
    Status bad(std::string_view problem);

    HeadLimits limits_;
    std::size_t scanned_ = 0;
    std::size_t line_start_ = 0;
    std::size_t fields_start_ = 0;  // 0 until the request line is complete
    int blank_lines_ = 0;
    std::string_view problem_;
};

}  // namespace zs::http
