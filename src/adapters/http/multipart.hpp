#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace zs::http {

// The boundary of a multipart/form-data body; empty when `content_type` is another type.
// Errors: InvalidArgument "invalid_multipart" when it has none, or a malformed one.
Result<std::string> multipart_boundary(std::string_view content_type);

// The one file of a multipart/form-data body, out of the stream. Strict: exactly one part, with a
// name and a file name; no preamble, no epilogue, no transfer coding.
// Source: RFC 7578, RFC 2046 section 5.1.1. Threading: one at a time.
class MultipartFile {
public:
    static constexpr std::size_t kHeadBytesMax = 8192;

    explicit MultipartFile(std::string boundary);

    // Takes the next bytes of the body and appends what belongs to the file to `out`.
    // Errors: InvalidArgument "invalid_multipart".
    Result<void> feed(std::string_view bytes, std::string& out);
    // The body has ended. Errors: InvalidArgument "invalid_multipart" when it ends too early.
    Result<void> finish() const;

    bool has_head() const { return state_ != State::Start && state_ != State::Head; }
    // Of the part; empty when it has none.
    const std::string& content_type() const { return content_type_; }
    const std::string& content_digest() const { return content_digest_; }

private:
    enum class State { Start, Head, Content, AfterContent, End };

    Result<bool> go_on(std::string& out);  // false: more bytes are needed
    Result<bool> read_start();
    Result<bool> read_head();
    Result<bool> read_content(std::string& out);
    Result<bool> read_after();
    Result<void> read_head_line(std::string_view line);

    const std::string delimiter_;  // CR LF "--" boundary
    State state_ = State::Start;
    std::string pending_;  // bytes that are not understood yet; bounded
    std::size_t head_bytes_ = 0;
    std::size_t borrowed_ = 0;  // bytes before the content in `pending_` that are not its
    bool has_disposition_ = false;
    bool has_type_ = false;
    std::string content_type_;
    std::string content_digest_;
};

}  // namespace zs::http
