#pragma once

#include "core/identity/principal.hpp"
#include "core/jobs/job_spec.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::jobs {

struct JobTag;
struct ScheduleTag;
using JobId = Id<JobTag>;
using ScheduleId = Id<ScheduleTag>;

// Who runs jobs: "host-3f2a/2". Unique among the workers of one store.
using WorkerId = std::string;

// The fence: drawn anew for every lease from one growing counter, text in JSON. 0 is no token.
enum class LeaseToken : std::uint64_t {};

// Source: jobs.md section 3. Succeeded, Failed and Canceled are final.
enum class JobState : std::uint8_t { Pending, Running, Succeeded, Failed, Retrying, Canceled };
std::string_view to_text(JobState state) noexcept;  // pending, running, …
std::optional<JobState> job_state(std::string_view text) noexcept;
constexpr bool is_final(JobState state) {
    return state == JobState::Succeeded || state == JobState::Failed || state == JobState::Canceled;
}

// Why a pending job is not given to a worker.
enum class Waiting : std::uint8_t {
    Schedule,
    Dependencies,
    Concurrency,
    Rate,
    Quota,
    Worker,
    Paused
};
std::string_view to_text(Waiting waiting) noexcept;  // schedule, …

// How an attempt ended badly. Source: jobs.md section 2.
enum class Failure : std::uint8_t {
    ExitNonzero,
    Signaled,
    Timeout,
    SpawnFailed,
    InvalidOutput,
    OutOfMemory,
    InputMissing,
    ArtifactLimit,
    Poisoned,
    WorkerError,
    DependencyFailed,
    Canceled,
};
std::string_view to_text(Failure failure) noexcept;  // exit_nonzero, …
std::optional<Failure> failure(std::string_view text) noexcept;

struct JobError {
    Failure code = Failure::WorkerError;
    std::string message;
    std::optional<int> exit_code;
    std::optional<int> signal;
};

// What counts the ways of a job. `attempt` counts leases, `retry_count` failures that were retried,
// `lost_leases` leases that ended without an outcome.
struct Counters {
    std::uint32_t attempt = 0;
    std::uint32_t retry_count = 0;
    std::uint32_t lost_leases = 0;
    auto operator<=>(const Counters&) const = default;
};

// What the queue has to know of a job that is not final, to decide what runs next.
struct JobBrief {
    JobId id;
    identity::Tenant tenant;
    JobState state = JobState::Pending;
    Counters counters;
    Timestamp created_at;
    // Not before: run_at while pending, the end of the back-off while retrying.
    Timestamp eligible_at;
    std::int16_t priority = 0;
    std::uint32_t open_dependencies = 0;
    std::optional<ConcurrencyLimit> concurrency;
    std::optional<RateLimit> rate;
    std::vector<std::string> requires_labels;
    SandboxTier sandbox = SandboxTier::L0;
    std::string kind = "process";
    bool cancel_requested = false;
    // Of the running attempt.
    LeaseToken token{};
    WorkerId worker;
};

// A job as it is stored and shown.
struct Job {
    JobId id;
    identity::Tenant tenant;
    JobSpec spec;
    JobState state = JobState::Pending;
    Counters counters;
    Timestamp created_at;
    Timestamp updated_at;
    Timestamp eligible_at;
    std::optional<Timestamp> started_at;  // of the current attempt
    std::optional<Timestamp> completed_at;
    std::optional<Timestamp> cancel_requested_at;
    std::optional<Timestamp> lease_expires_at;  // for display: the lease itself is monotonic
    std::uint32_t open_dependencies = 0;
    WorkerId worker;
    LeaseToken token{};
    std::optional<SandboxTier> sandbox;  // what the attempt really has
    std::optional<identity::UserId> submitted_by;
    std::optional<ScheduleId> schedule_id;
    std::optional<boost::json::value> output;
    std::optional<int> exit_code;
    std::optional<JobError> error;  // while retrying: of the last attempt
    std::uint64_t last_seq = 0;     // of log entries and state events
    std::uint64_t log_count = 0;
    bool logs_truncated = false;
    std::uint32_t artifact_count = 0;
};

JobBrief brief_of(const Job& job);

}  // namespace zs::jobs
