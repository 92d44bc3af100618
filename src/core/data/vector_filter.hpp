#pragma once

#include "base/error.hpp"

#include <string_view>

namespace zs::data {

// Whether `filter` can stand between the brackets of WHERE (…) without leaving them: brackets and
// quotes are closed, and there is neither a comment nor a semicolon. What it may read is the
// engine's to decide.
// Errors: InvalidArgument "invalid_filter" with details.offset.
Result<void> check_filter(std::string_view filter);

}  // namespace zs::data
