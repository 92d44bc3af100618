#pragma once

#include "core/jobs/job_queue.hpp"

#include <memory>
#include <string>
#include <vector>

namespace zs::jobs {

struct WorkerPoolConfig {
    WorkerId id;  // the same after a restart, so that attempts that outlived it are known again
    std::string mode = "local";
    std::size_t slots = 4;
    std::vector<std::string> labels;
    Millis drain_grace{30'000};  // for running attempts, before they are stopped
};

// Runs attempts in this process: takes leases for free slots, beats the heart, tells attempts to
// stop. Slots in use are the live leases.
// Lifetime:  queue and worker outlive it; drain_blocking() before destroying it.
// Threading: start and drain from one thread that is not a loop.
class WorkerPool {
public:
    // `executor`: one loop; every attempt runs on it.
    WorkerPool(JobQueue& queue, Worker& worker, WorkerPoolConfig config, async::Executor executor);
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    // Attaches to attempts that outlived a restart, gives up those that did not, then takes work.
    async::Task<Result<void>> start();
    // No new leases; attempts get `drain_grace`, then are stopped and given back.
    void drain();
    // A second call of the operator: attempts are stopped at once.
    void hurry();
    void join_blocking();
    std::size_t busy() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace zs::jobs
