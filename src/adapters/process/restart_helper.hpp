#pragma once

#include <filesystem>
#include <string>

namespace zs::process {

inline constexpr const char* kRestartHelper = "serve-one-job";

// A server in small, to be killed: runs the job, or attaches to it when it runs already. `folder`
// holds script (what the job runs), log (the lines that are stored; written here), and at the end
// outcome.
int serve_one_job(const std::filesystem::path& folder, const std::string& temp_dir);

}  // namespace zs::process
