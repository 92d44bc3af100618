#pragma once

#include "core/identity/page.hpp"
#include "core/jobs/backfill_step.hpp"

#include <memory>

namespace zs::jobs {

// Back-fills as tenants manage them, and what moves them on. A due time is first taken up in the
// store, with the id of the job it will have, and then submitted: so neither a crash nor another
// process submits it twice, and none is forgotten. Due times that have a job, of the schedule or
// of another back-fill, are skipped as long as that job is kept.
// Lifetime:  the ports outlive it; stop() and join_blocking() before destroying it.
// Threading: any.
class Backfiller {
public:
    Backfiller(BackfillPorts ports, async::Executor executor);
    ~Backfiller();

    // Errors: NotFound; InvalidArgument naming the field, "too_many_due_times"; Exhausted
    // "too_many_backfills"; those of the schedule's specification.
    async::Task<Result<Backfill>> create(Submitter who, ScheduleId schedule,
                                         boost::json::object json);
    async::Task<Result<Backfill>> find(identity::Tenant tenant, ScheduleId schedule, BackfillId id);
    // Oldest first.
    async::Task<Result<identity::Page<Backfill>>> list(identity::Tenant tenant, ScheduleId schedule,
                                                       identity::PageRequest page);
    // `paused`, `parallel`. Errors: NotFound; Conflict "backfill_finished".
    async::Task<Result<Backfill>> change(identity::Tenant tenant, ScheduleId schedule,
                                         BackfillId id, boost::json::object json);
    // Its jobs stay. Errors: NotFound; Conflict "backfill_finished".
    async::Task<Result<Backfill>> cancel(identity::Tenant tenant, ScheduleId schedule,
                                         BackfillId id);

    // Asked before jobs are submitted, of the creator of the schedule, in whose name they are, and
    // of the back-fill's: it pauses when either lost the right. Call before run().
    void ask_rights(Scheduler::RightsNow rights);
    // Begins to submit. Without it, call tick().
    void run();
    void stop();
    void join_blocking();
    // Moves each one on by a step. Answers how long to wait for the next look.
    async::Task<Millis> tick();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace zs::jobs
