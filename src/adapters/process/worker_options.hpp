#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace zs::process {

// What the operator chooses (section `worker` of the configuration, and the limits of artifacts).
struct WorkerOptions {
    std::filesystem::path temp_dir = "/tmp/zworker";
    Millis kill_grace{10'000};
    std::vector<std::string> allow;   // globs on the resolved program; empty: all
    std::string run_as;               // a user; empty: the worker's own
    std::uint64_t memory_mb_max = 0;  // 0: none
    std::uint64_t file_mb_max = 1024;
    std::uint64_t open_files_max = 4096;
    std::uint64_t artifact_files_max = 1000;
    std::uint64_t artifact_bytes_max = 1ULL << 30;
    bool use_cgroups = true;      // where they are delegated
    std::size_t idle_shims = 16;  // that wait for the next attempt
    // Makes this binary a shim (shim.hpp).
    std::vector<std::string> shim_command{"/proc/self/exe", "job-shim"};
};

// Who programs run as.
struct JobUser {
    bool change = false;
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;
};

}  // namespace zs::process
