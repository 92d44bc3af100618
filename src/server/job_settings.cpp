#include "server/job_settings.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"

#include <array>
#include <unistd.h>

namespace zs::server {
namespace {

// The same after a restart, and another for each folder of a machine.
std::string worker_name(const std::filesystem::path& folder) {
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
    std::error_code ignored;
    const auto whole = std::filesystem::weakly_canonical(folder, ignored);
    const auto digest = sha256((ignored ? folder : whole).string());
    const std::string name = host[0] == '\0' ? "worker" : std::string(host.data());
    return name + "-" + to_hex(std::string_view(digest).substr(0, 2));
}

}  // namespace

jobs::QueueConfig queue_settings(const Config& config) {
    const JobsSection& section = config.jobs;
    jobs::QueueConfig out;
    out.mode = config.storage.backend == Backend::Postgres ? jobs::QueueMode::Shared
                                                           : jobs::QueueMode::Embedded;
    out.spec.timeout = section.timeout_default;
    out.spec.timeout_max = section.timeout_max;
    out.spec.max_retries = section.max_retries;
    out.lease = section.lease;
    out.poll = section.poll;
    out.backoff = section.backoff;
    out.backoff_max = section.backoff_max;
    out.lost_leases_max = section.lost_leases_max;
    out.kill_grace = config.worker.kill_grace;
    out.pending_max = section.pending_max;
    out.running_max = section.running_max;
    out.retention_days = section.retention_days;
    return out;
}

relational::JobLogLimits job_log_limits(const Config& config) {
    return {.bytes_max = config.jobs.log_bytes_max, .lines_max = config.jobs.log_lines_max};
}

process::WorkerOptions worker_settings(const Config& config) {
    const WorkerSection& section = config.worker;
    process::WorkerOptions out;
    out.temp_dir = section.temp_dir;
    out.kill_grace = section.kill_grace;
    out.allow = section.allow;
    out.run_as = section.run_as;
    out.memory_mb_max = section.memory_mb_max;
    out.file_mb_max = section.file_mb_max;
    out.open_files_max = section.open_files_max;
    out.artifact_files_max = config.jobs.artifact_files_max;
    out.artifact_bytes_max = config.jobs.artifact_bytes_max;
    return out;
}

jobs::WorkerPoolConfig worker_pool_settings(const Config& config) {
    jobs::WorkerPoolConfig out;
    out.id = worker_name(config.server.data);
    out.slots = config.worker.slots;
    out.labels = config.worker.labels;
    out.drain_grace = config.server.shutdown_grace;
    return out;
}

jobs::WorkerId direct_worker_id(const Config& config) {
    return worker_name(config.worker.temp_dir) + "-worker";
}

}  // namespace zs::server
