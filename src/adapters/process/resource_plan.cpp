#include "adapters/process/resource_plan.hpp"

#include "adapters/process/limits.hpp"

#include <algorithm>
#include <string_view>
#include <sys/resource.h>

namespace zs::process {

namespace {

constexpr std::uint64_t kMiB = 1ULL << 20;
// More would not fit into bytes; it is as good as none.
constexpr std::uint64_t kMbMax = 1ULL << 40;
constexpr std::uint64_t kCpuSecsMax = 1ULL << 32;

// What a worker's maximum leaves of a wish. 0 as a wish: `fallback`.
std::uint64_t lowered(std::string_view name, std::uint64_t asked, std::uint64_t fallback,
                      std::uint64_t max, std::vector<std::string>& notes) {
    if (asked == 0) return max == 0 ? fallback : std::min(fallback, max);
    if (max == 0 || asked <= max) return asked;
    notes.push_back(std::string(name) + " lowered from " + std::to_string(asked) + " to "
                    + std::to_string(max) + ", the maximum of this worker");
    return max;
}

ResourceLimit same(int resource, std::uint64_t value) {
    return {resource, value, value};
}

}  // namespace

bool needs_user_tasks(const jobs::ResourceLimits& asked, bool has_cgroup) {
    return asked.processes > 0 && !has_cgroup;
}

ResourcePlan plan_resources(const jobs::ResourceLimits& asked, const WorkerOptions& options,
                            const ResourceFacts& facts) {
    ResourcePlan plan;
    plan.limits.push_back(same(RLIMIT_CORE, 0));
    auto files = lowered("open_files", asked.open_files, limits::kOpenFilesDefault,
                         options.open_files_max, plan.notes);
    files = lowered("open_files", files, files, facts.open_files_hard, plan.notes);
    plan.limits.push_back(same(RLIMIT_NOFILE, files));
    const auto file_mb = lowered("file_size_mb", asked.file_size_mb, limits::kFileMbDefault,
                                 options.file_mb_max, plan.notes);
    plan.limits.push_back(same(RLIMIT_FSIZE, std::min(file_mb, kMbMax) * kMiB));
    if (asked.cpu_secs > 0) {
        // SIGXCPU first, which a program may use to say what it was doing.
        const auto secs = std::min(asked.cpu_secs, kCpuSecsMax);
        plan.limits.push_back({RLIMIT_CPU, secs, secs + 1});
    }
    const auto memory_mb = lowered("memory_mb", asked.memory_mb, options.memory_mb_max,
                                   options.memory_mb_max, plan.notes);
    const auto memory = std::min(memory_mb, kMbMax) * kMiB;
    if (memory > 0 && facts.has_cgroup) plan.cgroup.memory_bytes = memory;
    if (memory > 0 && !facts.has_cgroup) plan.limits.push_back(same(RLIMIT_AS, memory));
    if (asked.processes > 0 && facts.has_cgroup) plan.cgroup.processes = asked.processes;
    if (asked.processes > 0 && !facts.has_cgroup) {
        // It counts every task of the user, so those that are there already come on top.
        plan.limits.push_back(same(RLIMIT_NPROC, facts.user_tasks + asked.processes));
    }
    return plan;
}

}  // namespace zs::process
