#pragma once

#include "core/jobs/outcome.hpp"

namespace zs::jobs {

// What can happen to a job. Source: jobs.md section 3.
enum class JobEvent : std::uint8_t {
    Lease,
    Succeed,
    Fail,            // retryable
    FailForGood,     // not retryable
    LoseLease,       // expired, or the worker is dead
    Release,         // the worker drains
    Cancel,          // asked for
    EndCanceled,     // the process of a canceled attempt is gone
    DependencyFail,  // what it depends on did not end as needed
    Redrive,         // POST …/retry
};

struct RetryBounds {
    std::uint32_t max_retries = 3;
    std::uint32_t lost_leases_max = 3;
};

// What is left of a job's life when something happens to it.
struct NextState {
    JobState state = JobState::Pending;
    Counters counters;
    bool cancel_requested = false;
    std::optional<Failure> failure;  // why it ended, where the event itself does not say
};

// A pure rule: the whole life of a job.
// Errors: Conflict when `event` cannot happen in `state`: "job_finished", "not_retryable",
// "lease_lost".
Result<NextState> next_state(JobState state, bool cancel_requested, const Counters& counters,
                             JobEvent event, const RetryBounds& bounds);

// The event that an outcome is. A failure with a code that is never retried (jobs.md section 4), or
// with an exit code that the job names, is FailForGood.
JobEvent event_of(const Outcome& outcome, const RetryRules& rules);

// Whether an attempt that ended so can have left the job in `state`: finishing it again is
// harmless.
bool may_have_led_to(Outcome::Kind kind, JobState state);

// Whether a dependency that ended in `state` lets the job run that waits for it.
bool is_met(DependsWhen when, JobState state);

}  // namespace zs::jobs
