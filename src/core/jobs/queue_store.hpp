#pragma once

#include "async/task.hpp"
#include "core/jobs/job.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace zs::jobs {

// How many jobs a tenant has. `scheduled` are those of pending and retrying that are not due yet.
struct JobCounts {
    std::uint64_t pending = 0;
    std::uint64_t running = 0;
    std::uint64_t retrying = 0;
    std::uint64_t succeeded = 0;
    std::uint64_t failed = 0;
    std::uint64_t canceled = 0;
    std::uint64_t scheduled = 0;
    // eligible_at of the oldest due one of pending and retrying.
    std::optional<Timestamp> oldest_pending;
};

// What belongs to a tenant's queue as a whole, and not to one job.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss.
// Errors:     any method may answer Unavailable.
class QueueStore {
public:
    virtual ~QueueStore() = default;
    virtual async::Task<Result<JobCounts>> counts(identity::Tenant tenant, Timestamp now) = 0;
    // Pausing twice is a success.
    virtual async::Task<Result<void>> set_paused(identity::Tenant tenant, bool paused,
                                                 Timestamp now) = 0;
    // Jobs that are pending or retrying; counting ends at `most`.
    virtual async::Task<Result<std::size_t>> waiting(identity::Tenant tenant, std::size_t most) = 0;
    // Every tenant whose queue is paused.
    virtual async::Task<Result<std::vector<identity::Tenant>>> paused() = 0;
};

}  // namespace zs::jobs
