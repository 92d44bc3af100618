#pragma once

#include "async/task.hpp"
#include "core/jobs/job_schedule.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::jobs {

// What the scheduler learned by looking at a schedule.
struct ScheduleProgress {
    ScheduleId id;
    Timestamp high_water;
    std::optional<Timestamp> last_run_at;  // absent members stay as they are
    std::optional<JobId> last_job_id;
    std::optional<std::string> last_error;  // "": none any more
};

Error no_such_schedule();

// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss.
// Errors:     any method may answer Unavailable.
class ScheduleStore {
public:
    virtual ~ScheduleStore() = default;
    virtual async::Task<Result<void>> add(JobSchedule schedule) = 0;
    // What its owner decides; high_water is replaced, too; created_* and last_* stay.
    // Errors: NotFound.
    virtual async::Task<Result<void>> replace(JobSchedule schedule) = 0;
    // Jobs that it made stay. Errors: NotFound.
    virtual async::Task<Result<void>> remove(identity::Tenant tenant, ScheduleId id) = 0;
    virtual async::Task<Result<std::optional<JobSchedule>>> find(identity::Tenant tenant,
                                                                 ScheduleId id) = 0;
    // In the order of ids, behind `after`.
    virtual async::Task<Result<std::vector<JobSchedule>>> list(identity::Tenant tenant,
                                                               std::optional<ScheduleId> after,
                                                               std::size_t limit) = 0;
    // Of every tenant, those with is_active, in the order of ids, behind `after`.
    virtual async::Task<Result<std::vector<JobSchedule>>> active(std::optional<ScheduleId> after,
                                                                 std::size_t limit) = 0;
    // high_water only grows: a smaller one changes nothing of it. Answers false when the schedule
    // is gone.
    virtual async::Task<Result<bool>> advance(ScheduleProgress progress) = 0;
};

}  // namespace zs::jobs
