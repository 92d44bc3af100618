#pragma once

#include "adapters/process/spool.hpp"
#include "adapters/process/worker_ground.hpp"

#include <memory>

namespace zs::process {

// An attempt that runs, or ran: its spool, and the line to its shim while that lives.
struct RunningAttempt {
    SpoolReader spool;
    std::unique_ptr<ShimLine> line;  // null: the shim is gone
    std::uint64_t lines_before = 0;
};

// Hands the attempt to a shim. Its folder and files are there.
// Errors: reason "spawn_failed" for what is wrong with the command, with details.retryable.
Result<RunningAttempt> launch_blocking(WorkerGround& ground, const AttemptFolder& folder,
                                       const jobs::LeasedJob& job);

// Attaches to an attempt that an earlier server started. Errors: NotFound when there is none;
// DataLoss; Unavailable when its shim does not answer yet.
Result<RunningAttempt> attach_blocking(const AttemptFolder& folder, jobs::LeaseToken token);

// What a spool says about an attempt that nobody is attached to.
struct Remains {
    jobs::LeaseToken token{};
    bool outlived = false;  // it runs, or has an end to tell
};
Result<Remains> look_at_remains_blocking(const AttemptFolder& folder);

// Kills a shim and all that it started.
void end_shim_blocking(pid_t shim);

// Ends whatever still runs of it, as far as it can be told, and removes it.
void end_remains_blocking(const WorkerGround& ground, const AttemptFolder& folder,
                          const std::string& name);

}  // namespace zs::process
