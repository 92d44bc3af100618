#include "core/jobs/retry_policy.hpp"

#include <algorithm>
#include <cmath>

namespace zs::jobs {

Millis backoff(const RetryRules& rules, const QueueConfig& config, std::uint32_t n, double draw) {
    const auto initial = static_cast<double>(rules.initial.value_or(config.backoff).count());
    const auto most = static_cast<double>(rules.max.value_or(config.backoff_max).count());
    const double growth = std::pow(rules.multiplier.value_or(2.0), n == 0 ? 0 : n - 1);
    // pow() may be infinite; min() brings it back.
    const double whole = std::min(most, initial * growth);
    return Millis(static_cast<std::int64_t>(whole / 2 + draw * whole / 2));
}

}  // namespace zs::jobs
