#pragma once

#include "adapters/http/message.hpp"
#include "adapters/http/rate_limiter.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace zs::http {

// What the server adds to a response, known when its head is written.
struct HeadContext {
    std::string_view date;  // "Fri, 20 Nov 2026 10:00:00 GMT"
    std::string_view request_id;
    int minor_version = 1;
    bool keep_alive = true;
    // Of the body: its length, chunked, until the connection closes, or there is none.
    enum class Framing { Length, Chunked, UntilClose, Nothing } framing = Framing::Length;
    std::uint64_t length = 0;
    bool gzip = false;           // Content-Encoding
    bool vary_encoding = false;  // another Accept-Encoding gives other bytes
    bool vary_origin = false;
    std::string_view cors_origin;  // empty: no CORS headers
    bool preflight = false;
    bool hsts = false;
    bool no_store = false;  // unless the response says otherwise
    RateAnswer rate;
};

// Appends the status line, all header fields and the blank line.
void append_head(std::string& out, const Response& response, const HeadContext& context);

std::string_view reason_phrase(unsigned status) noexcept;

}  // namespace zs::http
