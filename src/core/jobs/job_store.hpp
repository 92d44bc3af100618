#pragma once

#include "async/task.hpp"
#include "core/jobs/job.hpp"
#include "core/jobs/outcome.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace zs::jobs {

// A job to be added. `id` is drawn by the queue, so that members of one batch can depend on each
// other: a dependency on an id of the same batch is found.
struct NewJob {
    JobId id;
    identity::Tenant tenant;
    JobSpec spec;
    Timestamp created_at;
    std::optional<identity::UserId> submitted_by;
    std::optional<ScheduleId> schedule_id;
    // With schedule_id: one job per (schedule, nominal time).
    std::optional<Timestamp> nominal_time;
};

struct Submitted {
    JobId id;  // of the existing job when deduplicated
    JobState state = JobState::Pending;
    bool deduplicated = false;
    JobBrief brief;
};

enum class AddMode : std::uint8_t { EachAlone, AllOrNone };

// One state that changed, as its commit saw it. `seq` is its place in the job's sequence.
struct Transition {
    JobBrief job;  // after
    std::optional<JobState> from;
    bool cancel_was_requested = false;  // by this change: the state stays Running
    std::uint64_t seq = 0;
    std::optional<JobError> error;
    std::optional<boost::json::value> output;
    Timestamp at;
};

// What one call changed: the job itself first, then jobs that its end released or canceled.
struct Changes {
    std::vector<Transition> transitions;
};

// Which jobs to lease. With `candidates` exactly those, as far as they still can be leased: the
// queue chose. Without, the store chooses: fair between tenants, then by priority with ageing, then
// by time of becoming eligible; limits per key are kept.
struct ClaimQuery {
    WorkerId worker;
    std::vector<JobId> candidates;
    std::vector<std::string> labels;
    SandboxTier sandbox = SandboxTier::L0;
    std::vector<std::string> kinds;          // JobSpec::kind; empty: any
    std::optional<identity::Tenant> tenant;  // only of this one
    std::size_t count = 1;
    Millis lease{300'000};
    Timestamp now;
    // Where the store chooses: jobs of one tenant that may run at once; 0: any number.
    std::uint64_t running_max = 0;
};

struct LeaseRef {
    JobId job;
    LeaseToken token{};
};

struct LeasedJob {
    Job job;
    LeaseRef lease() const { return {job.id, job.token}; }
    std::uint64_t started_seq = 0;  // of the state event
};

struct LeaseState {
    JobId job;
    bool kept = false;
    bool cancel_requested = false;
};

struct FinishedAttempt {
    LeaseRef lease;
    Outcome outcome;
    Timestamp now;
    // For failures that are retried; drawn by the queue with its jitter.
    Millis backoff{0};
    std::uint32_t lost_leases_max = 3;  // for Outcome::Lost
};

enum class Steer : std::uint8_t { Cancel, Retry, Purge };

// Time passing, as far as the store is concerned.
struct SweepQuery {
    Timestamp now;
    // Leases that ended without an outcome: found by the queue (embedded) or, when `find_expired`,
    // by lease_expires_at.
    std::vector<LeaseRef> lost;
    bool find_expired = false;
    std::uint32_t lost_leases_max = 3;
    std::optional<Timestamp> purge_completed_before;
    std::size_t purge_max = 1000;
};

struct Swept {
    Changes changes;
    std::vector<JobId> purged;
};

struct JobFilter {
    std::vector<JobState> states;  // empty: all
    std::string name;
    std::string tag;
    std::vector<std::pair<std::string, std::string>> metadata;
    std::optional<identity::UserId> submitted_by;
    std::optional<ScheduleId> schedule_id;
    std::optional<Timestamp> created_after;
    std::optional<Timestamp> created_before;
    bool ascending = false;
    std::optional<std::pair<Timestamp, JobId>> behind;  // the place in the list to go on from
    std::size_t limit = 100;
    // For the queue at start: every tenant, states that are not final, in the order of ids; of one
    // worker's running jobs when it is named.
    bool every_tenant = false;
    WorkerId worker;
};

// Where jobs live. It applies the rules of job_state.hpp inside its transactions.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss. Each call is one atomic commit, but for
//             add(EachAlone), finish and extend, where each element is; many share a disk sync.
// Errors:     any method may answer Unavailable.
class JobStore {
public:
    virtual ~JobStore() = default;
    // One answer per job, in order; all the same error with AllOrNone. Per job: Conflict
    // "unique_key_in_use", Unprocessable "no_such_dependency", Conflict "schedule_fired". A job
    // whose dependency has ended in another way than it needs is added, and canceled in the same
    // commit. Replacing by unique key keeps the id and gives a waiting job the new specification.
    virtual async::Task<Result<std::vector<Result<Submitted>>>> add(std::vector<NewJob> jobs,
                                                                    AddMode mode) = 0;
    virtual async::Task<Result<std::vector<LeasedJob>>> claim(ClaimQuery query) = 0;
    virtual async::Task<Result<std::vector<LeaseState>>> extend(WorkerId worker,
                                                                std::vector<LeaseRef> leases,
                                                                Millis lease, Timestamp now) = 0;
    // One answer per attempt. The token of an ended attempt stays with the job until the next
    // lease: finishing again with an outcome that leads to the state the job has by now changes
    // nothing and answers no transition. Errors per attempt: Conflict "lease_lost"; what
    // next_state() refuses.
    virtual async::Task<Result<std::vector<Result<Changes>>>> finish(
        std::vector<FinishedAttempt> attempts) = 0;
    // Canceling a running job twice changes nothing the second time. A retried job does not wait
    // for dependencies any more. Errors: NotFound; Conflict "job_finished", "not_retryable",
    // "job_running" (purge of what is not final), "job_needed" (of what a live job depends on).
    virtual async::Task<Result<Changes>> steer(identity::Tenant tenant, JobId job, Steer steer,
                                               Timestamp now) = 0;
    virtual async::Task<Result<Swept>> sweep(SweepQuery query) = 0;
    virtual async::Task<Result<std::optional<Job>>> find(identity::Tenant tenant, JobId job) = 0;
    virtual async::Task<Result<std::vector<Job>>> list(identity::Tenant tenant,
                                                       JobFilter filter) = 0;
};

Error no_such_job();
Error lease_lost();

}  // namespace zs::jobs
