#pragma once

#include "base/error.hpp"

#include <string>
#include <string_view>

namespace zs::files {

inline constexpr std::string_view kUnknownType = "application/octet-stream";

// A Content-Type as it is kept: "type/subtype", with its parameters when there are any. Empty
// becomes kUnknownType. Errors: InvalidArgument naming "content_type".
Result<std::string> checked_content_type(std::string_view text);

// The type to serve it with: the stored one when a browser cannot be made to run it, else
// kUnknownType. Source: http-api.md section 8.
std::string_view served_content_type(std::string_view stored);

}  // namespace zs::files
