#pragma once

#include "adapters/process/cgroup.hpp"
#include "adapters/process/shim_message.hpp"
#include "adapters/process/worker_options.hpp"
#include "core/jobs/job_spec.hpp"

#include <string>
#include <vector>

namespace zs::process {

// The limits an attempt really gets, and what is to be said about them.
struct ResourcePlan {
    std::vector<ResourceLimit> limits;
    CgroupLimits cgroup;
    std::vector<std::string> notes;
};

// What RLIMIT_NPROC is compared with, and what may not be passed.
struct ResourceFacts {
    bool has_cgroup = false;
    std::uint64_t user_tasks = 0;       // of the job's user, now
    std::uint64_t open_files_hard = 0;  // our own hard limit
};

// Whether user_tasks matters for `asked`.
bool needs_user_tasks(const jobs::ResourceLimits& asked, bool has_cgroup);

// Source: jobs.md section 7, Limits.
ResourcePlan plan_resources(const jobs::ResourceLimits& asked, const WorkerOptions& options,
                            const ResourceFacts& facts);

}  // namespace zs::process
