#pragma once

#include "core/jobs/handler_registry.hpp"

namespace zs::jobs {

// Runs attempts as functions of this process. None outlives it: after a crash the queue gives
// their jobs to the next attempt.
// Threading: as Worker.
class HandlerWorker final : public Worker {
public:
    HandlerWorker(HandlerRegistry handlers, HandlerPorts ports, HandlerLimits limits);

    std::vector<std::string> kinds() const override { return handlers_.kinds(); }
    SandboxTier sandbox() const override { return SandboxTier::L0; }
    async::Task<Outcome> run(LeasedJob job, EventSink& sink, StopSignal& stop) override;
    async::Task<Result<std::vector<LeaseRef>>> surviving() override;

private:
    async::Task<Result<boost::json::value>> call(HandlerContext& context);

    const HandlerRegistry handlers_;
    const HandlerPorts ports_;
    const HandlerLimits limits_;
};

}  // namespace zs::jobs
