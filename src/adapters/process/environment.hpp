#pragma once

#include "adapters/process/attempt_folder.hpp"
#include "core/jobs/job_store.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace zs::process {

// NAME=value, for the program. Nothing of ours is inherited. Source: jobs.md section 7.
std::vector<std::string> make_environment(const jobs::LeasedJob& job, const AttemptFolder& folder);

// The value of `name` in it; empty when it is absent.
std::string_view find_variable(const std::vector<std::string>& environment, std::string_view name);

// Values that the log is not to show.
std::vector<std::string> secret_values(const jobs::JobSpec& spec);

}  // namespace zs::process
