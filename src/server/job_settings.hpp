#pragma once

#include "adapters/process/worker_options.hpp"
#include "adapters/relational/jobs/job_log.hpp"
#include "core/jobs/queue_config.hpp"
#include "core/jobs/worker_pool.hpp"
#include "server/config.hpp"

// The configuration of jobs in the words of each module.
namespace zs::server {

jobs::QueueConfig queue_settings(const Config& config);
relational::JobLogLimits job_log_limits(const Config& config);
process::WorkerOptions worker_settings(const Config& config);
jobs::WorkerPoolConfig worker_pool_settings(const Config& config);
// Of a process that only runs jobs: another than that of a server with the same data directory.
jobs::WorkerId direct_worker_id(const Config& config);

}  // namespace zs::server
