#pragma once

#include "adapters/process/worker_ground.hpp"
#include "core/jobs/worker.hpp"

#include <memory>

namespace zs::process {

// Runs programs on this machine. Each has a directory and a shim of its own; the shim goes on when
// this process ends in whatever way, and the next worker on the same directory finds it.
// Lifetime:  `parts` outlive it; runs have ended, or their loop has, before it is destroyed.
// Threading: see jobs::Worker.
// Source:    jobs.md section 7, jobs-robustness.md.
class ProcessWorker final : public jobs::Worker {
public:
    // Takes the directory and removes from it what no longer runs and has nothing to tell.
    // Errors: Unavailable naming what is wrong with the directory; InvalidArgument for `run_as`.
    static Result<std::unique_ptr<ProcessWorker>> open_blocking(WorkerOptions options,
                                                                WorkerParts parts);

    std::vector<std::string> kinds() const override { return {"process"}; }
    jobs::SandboxTier sandbox() const override { return ground_->tier(); }
    async::Task<jobs::Outcome> run(jobs::LeasedJob job, jobs::EventSink& sink,
                                   jobs::StopSignal& stop) override;
    async::Task<Result<std::vector<jobs::LeaseRef>>> surviving() override;

    // Ends what surviving() answered and nobody ran again. To be called once the queue has asked
    // for what it still wants; waits a moment for runs that were asked for and have not begun.
    // Answers how many there were.
    async::Task<Result<std::size_t>> end_unclaimed();

private:
    explicit ProcessWorker(std::unique_ptr<WorkerGround> ground) : ground_(std::move(ground)) {}
    std::unique_ptr<WorkerGround> ground_;
};

}  // namespace zs::process
