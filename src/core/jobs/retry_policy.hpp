#pragma once

#include "core/jobs/queue_config.hpp"

#include <cstdint>

namespace zs::jobs {

// How long a job waits before retry `n` (from 1): d = min(max, initial · multiplier^(n-1)), and the
// answer lies in [d/2, d]; `draw` is uniform in [0, 1). What the job names goes before the
// configuration. Source: jobs.md section 4.
Millis backoff(const RetryRules& rules, const QueueConfig& config, std::uint32_t n, double draw);

}  // namespace zs::jobs
