#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zs::bench {

// Finds where responses end in a stream of bytes, as fast as a load generator has to: only the
// status, the framing and `Connection: close` are read.
// Source: RFC 9112 sections 6 and 7.
class ResponseParser {
public:
    struct Response {
        int status = 0;
        std::size_t head_size = 0;   // with the empty line
        std::size_t total_size = 0;  // with the body as it was sent
        bool chunked = false;
        bool closes = false;
    };

    // `bytes` begins where a response begins; nullopt: more is needed. Call again with the same
    // bytes and more; what is known of an unfinished response is kept. Throws Failure for what is
    // no HTTP response.
    std::optional<Response> parse(std::string_view bytes);

private:
    void read_head(std::string_view head);
    bool read_chunks(std::string_view bytes);

    Response current_;
    std::uint64_t content_length_ = 0;
    std::size_t searched_ = 0;  // no end of the head before here
    std::size_t chunk_at_ = 0;  // the next chunk's size line
};

// The body without its chunk framing.
std::string body_of(const ResponseParser::Response& response, std::string_view bytes);

}  // namespace zs::bench
