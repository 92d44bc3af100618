#pragma once

#include "base/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace zs::http {

// The SHA-256 in a Content-Digest, as 32 raw bytes; nullopt when it names other algorithms only.
// Source: RFC 9530 section 2. Errors: InvalidArgument naming "content_digest".
Result<std::optional<std::string>> sha256_of_content_digest(std::string_view header);

// A Content-Disposition that makes a browser save the body: under `filename` when there is one, in
// ASCII and, where that loses something, in UTF-8 beside it.
// Source: RFC 6266, RFC 8187. Errors: InvalidArgument naming "filename": it is a name of 1 to 255
// bytes of UTF-8, not a path.
Result<std::string> attachment_disposition(const std::optional<std::string>& filename);

}  // namespace zs::http
