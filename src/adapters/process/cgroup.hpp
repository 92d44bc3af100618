#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace zs::process {

struct CgroupLimits {
    std::uint64_t memory_bytes = 0;  // 0: none
    std::uint64_t processes = 0;     // 0: none
};

// The part of the cgroup v2 tree that was given to us: one cgroup below it per attempt.
class CgroupTree {
public:
    // Below our own cgroup, when it was delegated with the controllers memory and pids. Our own
    // processes move to a leaf of it, since a cgroup that has children with limits holds none
    // itself. Errors: Unavailable saying why there is none.
    static Result<CgroupTree> find_blocking();
    // Below `folder`, as it is. For tests.
    static CgroupTree at(std::string folder) { return CgroupTree(std::move(folder)); }

    // Answers the new cgroup's folder. Errors: Unavailable.
    Result<std::string> make_blocking(const std::string& name, const CgroupLimits& limits) const;
    const std::string& folder() const { return folder_; }

private:
    explicit CgroupTree(std::string folder) : folder_(std::move(folder)) {}
    std::string folder_;
};

// Kills everything in it, at once. False when the kernel cannot (before Linux 5.14).
bool kill_cgroup(const std::string& cgroup);
// False also when it is gone.
bool is_populated(const std::string& cgroup);
bool had_oom_kill(const std::string& cgroup);
void remove_cgroup(const std::string& cgroup);

}  // namespace zs::process
