#pragma once

#include "core/jobs/job_queue.hpp"
#include "core/jobs/template_store.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <vector>

namespace zs::jobs {

// Who submits. The caller has checked jobs:create.
struct Submitter {
    identity::Tenant tenant;
    std::optional<identity::UserId> user_id;
    bool may_read_files = false;  // else `files` is refused
    std::optional<ScheduleId> schedule_id;
    std::optional<Timestamp> nominal_time;
};

// From what a client sends to jobs in the queue: templates, rules of fields, references of a batch.
// Lifetime: the queue and the store outlive it. Threading: any.
class JobIntake {
public:
    JobIntake(JobQueue& queue, TemplateStore& templates, const Clock& clock)
        : queue_(queue), templates_(templates), clock_(clock) {}

    // Errors: InvalidArgument "command_required"; Unprocessable naming the field, "no_worker",
    // "missing_param"; NotFound "no_such_template"; Forbidden; as JobQueue::submit.
    async::Task<Result<Submitted>> submit(Submitter who, boost::json::object spec);
    // Members may have `ref`; "@name" in depends_on is the member with it. Errors: with AllOrNone
    // the first of any member; "dependency_cycle"; InvalidArgument above limits::kBulkMax.
    async::Task<Result<std::vector<Result<Submitted>>>> submit_many(
        Submitter who, std::vector<boost::json::object> specs, AddMode mode);
    // The rules without the submit, for schedules and templates.
    async::Task<Result<JobSpec>> read(Submitter who, boost::json::object spec);

private:
    JobQueue& queue_;
    TemplateStore& templates_;
    const Clock& clock_;
};

// The job of a due time tells which one: `metadata.nominal_time`; programs see ZJOB_NOMINAL_TIME.
void mark_firing(JobSpec& spec, Timestamp nominal);

}  // namespace zs::jobs
