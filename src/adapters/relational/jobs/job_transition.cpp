#include "adapters/relational/jobs/job_transition.hpp"

#include "base/json_writer.hpp"

#include <algorithm>
#include <map>

namespace zs::relational::job_sql {

using jobs::Changes;
using jobs::DependsWhen;
using jobs::Failure;
using jobs::JobError;
using jobs::JobEvent;
using jobs::JobId;
using jobs::JobState;
using jobs::Transition;

namespace {

std::string_view message_of(Failure failure) {
    switch (failure) {
        case Failure::Canceled: return "the job was canceled";
        case Failure::Poisoned: return "the workers that ran the job died, again and again";
        case Failure::DependencyFailed:
            return "a job that this one depends on did not end as it has to";
        case Failure::ExitNonzero:
        case Failure::Signaled:
        case Failure::Timeout:
        case Failure::SpawnFailed:
        case Failure::InvalidOutput:
        case Failure::OutOfMemory:
        case Failure::InputMissing:
        case Failure::ArtifactLimit:
        case Failure::WorkerError: break;
    }
    return "the job failed";
}

// What the end of an attempt leaves behind.
struct Ending {
    // What is there stays.
    bool keep_error = false;
    bool keep_exit_code = false;
    bool keep_output = false;
    std::optional<JobError> error;
    std::optional<int> exit_code;
    std::optional<boost::json::value> output;
    std::optional<jobs::SandboxTier> sandbox;
};

Ending ending_of(const jobs::NextState& next, const Cause& cause) {
    Ending ending;
    const auto* outcome = cause.outcome;
    const bool afresh = cause.event == JobEvent::Redrive;
    const bool succeeded = next.state == JobState::Succeeded;
    const bool failed = next.state == JobState::Failed || next.state == JobState::Retrying;
    if (next.failure) {
        ending.error = JobError{*next.failure, std::string(message_of(*next.failure)), {}, {}};
    } else if (failed && outcome != nullptr) {
        const JobError unknown{
            Failure::WorkerError, std::string(message_of(Failure::WorkerError)), {}, {}};
        ending.error = outcome->error.value_or(unknown);
    }
    if (outcome != nullptr) {
        ending.sandbox = outcome->sandbox;
        ending.exit_code = outcome->exit_code;
        if (!ending.exit_code && ending.error) ending.exit_code = ending.error->exit_code;
        if (succeeded) ending.output = outcome->output;
    }
    ending.keep_error = !ending.error && !succeeded && !afresh;
    ending.keep_exit_code = outcome == nullptr && !afresh;
    ending.keep_output = !succeeded && !afresh;
    return ending;
}

Result<void> write_change(Session& session, const JobRow& row, const Ending& ending,
                          Timestamp now) {
    std::optional<std::string> error;
    if (ending.error) error = to_text(*ending.error);
    std::optional<std::string> output;
    if (ending.output) output = write_json(*ending.output);
    std::optional<std::int64_t> sandbox;
    if (ending.sandbox) sandbox = static_cast<std::int64_t>(*ending.sandbox);
    const bool running = row.state == JobState::Running;
    const Value params[] = {
        static_cast<std::int64_t>(row.state),
        relational::to_value(row.eligible_at),
        relational::to_value(row.completed_at),
        relational::to_value(now),
        relational::to_value(running),
        relational::to_value(row.cancel_requested_at),
        static_cast<std::int64_t>(row.last_seq),
        static_cast<std::int64_t>(row.open_dependencies),
        static_cast<std::int64_t>(row.counters.retry_count),
        static_cast<std::int64_t>(row.counters.lost_leases),
        relational::to_value(sandbox),
        relational::to_value(ending.keep_exit_code),
        relational::to_value(ending.exit_code),
        relational::to_value(ending.keep_error),
        relational::to_value(error),
        relational::to_value(ending.keep_output),
        relational::to_value(output),
        raw_id(row.id),
    };
    return session.execute_later(
        "update jobs set state = ?, eligible_at = ?, completed_at = ?, updated_at = ?,"
        " lease_until = case when ? = 1 then lease_until end, cancel_requested_at = ?,"
        " last_seq = ?, open_dependencies = ?, retry_count = ?, lost_leases = ?,"
        " sandbox = coalesce(?, sandbox),"
        " exit_code = case when ? = 1 then exit_code else ? end,"
        " error = case when ? = 1 then error else ? end,"
        " output = case when ? = 1 then output else ? end where id = ?",
        params);
}

Result<void> write_release(Session& session, const JobRow& row, Timestamp now) {
    const Value params[] = {static_cast<std::int64_t>(row.open_dependencies),
                            relational::to_value(row.eligible_at), relational::to_value(now),
                            raw_id(row.id)};
    return session.execute_later(
        "update jobs set open_dependencies = ?, eligible_at = ?, updated_at = ? where id = ?",
        params);
}

void move_on(JobRow& row, const jobs::NextState& next, const Cause& cause) {
    const auto from = row.state;
    row.state = next.state;
    row.counters = next.counters;
    ++row.last_seq;
    row.completed_at = is_final(next.state) ? std::optional(cause.now) : std::nullopt;
    if (cause.event == JobEvent::Cancel && next.state == JobState::Running) {
        row.cancel_requested_at = cause.now;
    } else if (!next.cancel_requested) {
        row.cancel_requested_at.reset();
    }
    if (next.state == JobState::Retrying) row.eligible_at = cause.now + cause.backoff;
    if (next.state == JobState::Pending && from != JobState::Pending) {
        row.eligible_at = cause.now;
        row.open_dependencies = 0;
    }
}

// One child whose parent ended. Pushes it to `ended` when it ends by that.
Result<void> tell_child(Session& session, const TenantNumbers& tenants, JobRow& child, Needed what,
                        Timestamp now, Changes& changes, std::vector<JobRow>& ended) {
    if (child.state != JobState::Pending || child.open_dependencies == 0) return {};
    if (what == Needed::Failed) {
        Cause cause;
        cause.event = JobEvent::DependencyFail;
        cause.now = now;
        auto done = apply(session, tenants, child, cause);
        if (!done) return std::move(done).error();
        changes.transitions.push_back(std::move(*done));
        ended.push_back(child);
        return {};
    }
    --child.open_dependencies;
    if (child.open_dependencies == 0) child.eligible_at = std::max(child.eligible_at, now);
    if (auto done = write_release(session, child, now); !done) return done;
    if (child.open_dependencies > 0) return {};
    auto brief = brief_of(session, tenants, child);
    if (!brief) return std::move(brief).error();
    Transition released;
    released.job = std::move(*brief);
    released.from = JobState::Pending;
    released.at = now;
    changes.transitions.push_back(std::move(released));
    return {};
}

Result<void> tell_children(Session& session, const TenantNumbers& tenants, const JobRow& parent,
                           Timestamp now, Changes& changes, std::vector<JobRow>& ended) {
    auto edges = session.query_with(
        "select child, need from job_dependencies where parent = ? and is_open = 1",
        raw_id(parent.id));
    if (!edges) return std::move(edges).error();
    if (edges->empty()) return {};
    const Value params[] = {raw_id(parent.id)};
    auto closed = session.execute_later(
        "update job_dependencies set is_open = 0 where parent = ? and is_open = 1", params);
    if (!closed) return closed;
    std::map<JobId, DependsWhen> needs;
    std::vector<JobId> ids;
    for (const auto& edge : *edges) {
        const JobId child(uuid_of(edge.bytes(0)));
        needs[child] = DependsWhen(edge.integer(1));
        ids.push_back(child);
    }
    auto children = lock_rows(session, std::move(ids));
    if (!children) return std::move(children).error();
    for (auto& child : *children) {
        const auto what = needed(needs[child.id], parent.state);
        auto told = tell_child(session, tenants, child, what, now, changes, ended);
        if (!told) return told;
    }
    return {};
}

}  // namespace

Needed needed(DependsWhen when, JobState parent) {
    if (!is_final(parent)) return Needed::Open;
    switch (when) {
        case DependsWhen::Succeeded:
            return parent == JobState::Succeeded ? Needed::Met : Needed::Failed;
        case DependsWhen::Failed: return parent == JobState::Failed ? Needed::Met : Needed::Failed;
        case DependsWhen::Finished: return Needed::Met;
    }
    return Needed::Failed;
}

Result<Transition> apply(Session& session, const TenantNumbers& tenants, JobRow& row,
                         const Cause& cause) {
    jobs::RetryBounds bounds;
    bounds.max_retries = row.max_retries;
    bounds.lost_leases_max = cause.lost_leases_max;
    const bool was_asked = row.cancel_requested_at.has_value() && row.state == JobState::Running;
    auto next = jobs::next_state(row.state, was_asked, row.counters, cause.event, bounds);
    if (!next) return std::move(next).error();
    Transition transition;
    transition.from = row.state;
    transition.cancel_was_requested =
        cause.event == JobEvent::Cancel && next->state == JobState::Running;
    move_on(row, *next, cause);
    auto ending = ending_of(*next, cause);
    if (auto done = write_change(session, row, ending, cause.now); !done)
        return std::move(done).error();
    auto brief = brief_of(session, tenants, row);
    if (!brief) return std::move(brief).error();
    transition.job = std::move(*brief);
    transition.seq = row.last_seq;
    transition.error = std::move(ending.error);
    transition.output = std::move(ending.output);
    transition.at = cause.now;
    return transition;
}

Result<void> settle(Session& session, const TenantNumbers& tenants, const JobRow& row,
                    Timestamp now, Changes& changes) {
    std::vector<JobRow> ended;
    if (is_final(row.state) && row.has(kHasDependents)) ended.push_back(row);
    while (!ended.empty()) {
        const JobRow parent = std::move(ended.back());
        ended.pop_back();
        if (!parent.has(kHasDependents)) continue;
        auto told = tell_children(session, tenants, parent, now, changes, ended);
        if (!told) return told;
    }
    return {};
}

Result<Changes> change(Session& session, const TenantNumbers& tenants, JobRow& row,
                       const Cause& cause) {
    Changes changes;
    auto done = apply(session, tenants, row, cause);
    if (!done) return std::move(done).error();
    changes.transitions.push_back(std::move(*done));
    auto settled = settle(session, tenants, row, cause.now, changes);
    if (!settled) return std::move(settled).error();
    return changes;
}

}  // namespace zs::relational::job_sql
