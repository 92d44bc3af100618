#pragma once

#include "async/task_group.hpp"
#include "core/identity/page.hpp"
#include "core/jobs/job_intake.hpp"
#include "core/jobs/schedule_store.hpp"
#include "core/jobs/time_zones.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace zs::jobs {

// What the creator of a schedule may do at the time it fires.
struct CreatorRights {
    bool may_submit = true;
    bool may_read_files = true;
};

// A schedule as it is shown.
struct ScheduleView {
    JobSchedule schedule;
    std::optional<Timestamp> next_run_at;  // nominal; absent when inactive or over
};

// Schedules as tenants manage them, and the clock that fires them. Each due time gives at most one
// job, however many processes look: the store keeps (schedule, nominal time) unique.
// Lifetime:  the ports outlive it; stop() and join_blocking() before destroying it.
// Threading: any.
class Scheduler {
public:
    Scheduler(ScheduleStore& store, JobIntake& intake, JobQueue& queue, const TimeZones& zones,
              const Clock& clock, async::Executor executor);
    ~Scheduler();

    // Errors: InvalidArgument "invalid_cron", "invalid_timezone", and naming the field; those of
    // the specification.
    async::Task<Result<ScheduleView>> create(Submitter who, boost::json::object json);
    // Every field anew. Pausing keeps the high-water mark moving. Errors: NotFound, as create().
    async::Task<Result<ScheduleView>> replace(Submitter who, ScheduleId id,
                                              boost::json::object json);
    async::Task<Result<ScheduleView>> find(identity::Tenant tenant, ScheduleId id);
    async::Task<Result<void>> remove(identity::Tenant tenant, ScheduleId id);
    async::Task<Result<identity::Page<ScheduleView>>> list(identity::Tenant tenant,
                                                           identity::PageRequest page);
    // Now, whatever the times say. Errors: NotFound, those of a submit.
    async::Task<Result<Submitted>> trigger(Submitter who, ScheduleId id);

    // Asked before each firing; a schedule whose creator lost the right does not fire, and says so
    // in last_error. Without it creators keep the rights they had. Call before run().
    using RightsNow =
        std::function<async::Task<Result<CreatorRights>>(identity::Tenant, identity::UserId)>;
    void ask_rights(RightsNow rights);
    // Begins to fire. Without it, call tick().
    void run();
    void stop();
    void join_blocking();
    // Fires what is due. Answers when to look again at the latest.
    async::Task<Timestamp> tick();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace zs::jobs
