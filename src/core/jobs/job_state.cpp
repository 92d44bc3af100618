#include "core/jobs/job_state.hpp"

#include "core/jobs/job_store.hpp"

#include <algorithm>
#include <string>

namespace zs::jobs {
namespace {

using Next = Result<NextState>;

Error finished(JobState state) {
    return conflict("job already " + std::string(to_text(state)), "job_finished");
}

Error not_retryable(JobState state) {
    return conflict(
        "only a failed or canceled job can be retried; this one is " + std::string(to_text(state)),
        "not_retryable");
}

Error impossible(JobState state, std::string_view what) {
    return conflict("a job that is " + std::string(to_text(state)) + " cannot " + std::string(what),
                    "job_" + std::string(to_text(state)));
}

NextState become(NextState now, JobState state, std::optional<Failure> why = std::nullopt) {
    now.state = state;
    now.failure = why;
    return now;
}

Next while_waiting(NextState now, JobEvent event) {
    switch (event) {
        case JobEvent::Lease: ++now.counters.attempt; return become(now, JobState::Running);
        case JobEvent::Cancel: return become(now, JobState::Canceled, Failure::Canceled);
        case JobEvent::DependencyFail:
            // A job that ran once has no open dependency left.
            if (now.state == JobState::Retrying) return impossible(now.state, "lose a dependency");
            return become(now, JobState::Canceled, Failure::DependencyFailed);
        case JobEvent::Redrive: return not_retryable(now.state);
        case JobEvent::Succeed:
        case JobEvent::Fail:
        case JobEvent::FailForGood:
        case JobEvent::LoseLease:
        case JobEvent::Release:
        case JobEvent::EndCanceled: return lease_lost();
    }
    return lease_lost();
}

Next while_running(NextState now, JobEvent event, const RetryBounds& bounds) {
    const bool ends_canceled = now.cancel_requested;
    switch (event) {
        case JobEvent::Succeed: return become(now, JobState::Succeeded);
        case JobEvent::Fail:
            if (ends_canceled) return become(now, JobState::Canceled, Failure::Canceled);
            if (now.counters.retry_count >= bounds.max_retries) {
                return become(now, JobState::Failed);
            }
            ++now.counters.retry_count;
            return become(now, JobState::Retrying);
        case JobEvent::FailForGood:
            if (ends_canceled) return become(now, JobState::Canceled, Failure::Canceled);
            return become(now, JobState::Failed);
        case JobEvent::LoseLease:
            if (ends_canceled) return become(now, JobState::Canceled, Failure::Canceled);
            if (now.counters.lost_leases >= bounds.lost_leases_max) {
                return become(now, JobState::Failed, Failure::Poisoned);
            }
            ++now.counters.lost_leases;
            return become(now, JobState::Pending);
        case JobEvent::Release:
            if (ends_canceled) return become(now, JobState::Canceled, Failure::Canceled);
            return become(now, JobState::Pending);
        case JobEvent::Cancel: now.cancel_requested = true; return become(now, JobState::Running);
        case JobEvent::EndCanceled:
            if (!ends_canceled)
                return impossible(now.state, "end as canceled: nobody asked for it");
            return become(now, JobState::Canceled, Failure::Canceled);
        case JobEvent::Lease: return impossible(now.state, "be leased again");
        case JobEvent::DependencyFail: return impossible(now.state, "lose a dependency");
        case JobEvent::Redrive: return not_retryable(now.state);
    }
    return lease_lost();
}

Next when_final(NextState now, JobEvent event) {
    switch (event) {
        case JobEvent::Redrive:
            if (now.state == JobState::Succeeded) return not_retryable(now.state);
            now.counters.retry_count = 0;
            now.counters.lost_leases = 0;
            now.cancel_requested = false;
            return become(now, JobState::Pending);
        case JobEvent::Cancel:
        case JobEvent::Lease:
        case JobEvent::DependencyFail: return finished(now.state);
        case JobEvent::Succeed:
        case JobEvent::Fail:
        case JobEvent::FailForGood:
        case JobEvent::LoseLease:
        case JobEvent::Release:
        case JobEvent::EndCanceled: return lease_lost();
    }
    return lease_lost();
}

}  // namespace

Result<NextState> next_state(JobState state, bool cancel_requested, const Counters& counters,
                             JobEvent event, const RetryBounds& bounds) {
    NextState now;
    now.state = state;
    now.counters = counters;
    now.cancel_requested = cancel_requested;
    switch (state) {
        case JobState::Pending:
        case JobState::Retrying: return while_waiting(now, event);
        case JobState::Running: return while_running(now, event, bounds);
        case JobState::Succeeded:
        case JobState::Failed:
        case JobState::Canceled: return when_final(now, event);
    }
    return lease_lost();
}

JobEvent event_of(const Outcome& outcome, const RetryRules& rules) {
    switch (outcome.kind) {
        case Outcome::Kind::Succeeded: return JobEvent::Succeed;
        case Outcome::Kind::Canceled: return JobEvent::EndCanceled;
        case Outcome::Kind::Released: return JobEvent::Release;
        case Outcome::Kind::Lost: return JobEvent::LoseLease;
        case Outcome::Kind::Failed: break;
    }
    if (!outcome.retryable) return JobEvent::FailForGood;
    auto code = outcome.exit_code;
    if (outcome.error) {
        if (outcome.error->code == Failure::Poisoned
            || outcome.error->code == Failure::InputMissing) {
            return JobEvent::FailForGood;
        }
        if (outcome.error->exit_code) code = outcome.error->exit_code;
    }
    const auto& never = rules.no_retry_exit_codes;
    const bool named = code && std::find(never.begin(), never.end(), *code) != never.end();
    return named ? JobEvent::FailForGood : JobEvent::Fail;
}

bool may_have_led_to(Outcome::Kind kind, JobState state) {
    if (state == JobState::Canceled) return kind != Outcome::Kind::Succeeded;
    switch (kind) {
        case Outcome::Kind::Succeeded: return state == JobState::Succeeded;
        case Outcome::Kind::Failed: return state == JobState::Failed || state == JobState::Retrying;
        case Outcome::Kind::Canceled: return false;
        case Outcome::Kind::Released: return state == JobState::Pending;
        case Outcome::Kind::Lost: return state == JobState::Pending || state == JobState::Failed;
    }
    return false;
}

bool is_met(DependsWhen when, JobState state) {
    switch (when) {
        case DependsWhen::Succeeded: return state == JobState::Succeeded;
        case DependsWhen::Failed: return state == JobState::Failed;
        case DependsWhen::Finished: return is_final(state);
    }
    return false;
}

}  // namespace zs::jobs
