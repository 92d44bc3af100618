#pragma once

#include "async/task.hpp"
#include "core/jobs/worker_registry.hpp"

#include <vector>

namespace zs::jobs {

// Who works for a store that several processes lease from: each tells of its own workers, and reads
// those of the others.
// Threading:  call from any io thread; no method blocks the caller.
// Errors:     any method may answer Unavailable.
class WorkerStore {
public:
    virtual ~WorkerStore() = default;
    // They live, as they say; what was known of them is replaced. Those not seen since
    // `forget_before` go.
    virtual async::Task<Result<void>> announce(std::vector<WorkerInfo> workers,
                                               Timestamp forget_before) = 0;
    virtual async::Task<Result<void>> forget(std::vector<WorkerId> workers) = 0;
    // By id, with the number of their live leases.
    virtual async::Task<Result<std::vector<WorkerInfo>>> list() = 0;
};

}  // namespace zs::jobs
