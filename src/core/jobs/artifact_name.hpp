#pragma once

#include "base/error.hpp"

#include <string_view>

namespace zs::jobs {

// A relative name with '/' that cannot lead anywhere. Errors: InvalidArgument "invalid_name".
// Source: jobs.md section 7, Artifacts.
Result<void> check_artifact_name(std::string_view name);

}  // namespace zs::jobs
