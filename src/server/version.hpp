#pragma once

#include <string_view>

namespace zs::server {

extern const std::string_view kVersion;  // "0.1.0"
extern const std::string_view kCommit;   // of the checkout it was built from, or "unknown"

}  // namespace zs::server
