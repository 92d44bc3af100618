#include "adapters/relational/jobs/job_store.hpp"

#include "adapters/relational/jobs/job_transition.hpp"

#include <memory>
#include <unordered_map>

namespace zs::relational {
namespace job_sql {

using jobs::Changes;
using jobs::FinishedAttempt;
using jobs::JobEvent;
using jobs::JobId;
using jobs::JobState;
using jobs::LeaseRef;
using jobs::LeaseState;
using jobs::Outcome;
using jobs::Steer;

namespace {

// Whether an attempt that ended so may have led to the state that the job has by now.
bool leads_to(Outcome::Kind kind, JobState state) {
    switch (kind) {
        case Outcome::Kind::Succeeded: return state == JobState::Succeeded;
        case Outcome::Kind::Failed:
            return state == JobState::Failed || state == JobState::Retrying
                   || state == JobState::Canceled;
        case Outcome::Kind::Canceled: return state == JobState::Canceled;
        case Outcome::Kind::Released:
            return state == JobState::Pending || state == JobState::Canceled;
        case Outcome::Kind::Lost:
            return state == JobState::Pending || state == JobState::Failed
                   || state == JobState::Canceled;
    }
    return false;
}

Result<Changes> finish_one(Session& session, const TenantNumbers& tenants, JobRow& row,
                           const FinishedAttempt& attempt) {
    const auto& outcome = attempt.outcome;
    if (row.token != attempt.lease.token || attempt.lease.token == jobs::LeaseToken{})
        return jobs::lease_lost();
    if (row.state != JobState::Running) {
        if (leads_to(outcome.kind, row.state)) return Changes{};
        return jobs::lease_lost();
    }
    jobs::RetryRules rules;
    if (row.has(kRetryInSpec) && outcome.kind == Outcome::Kind::Failed) {
        auto spec = load_spec(session, row.id);
        if (!spec) return std::move(spec).error();
        rules = std::move(spec->retry);
    }
    Cause cause;
    cause.event = jobs::event_of(outcome, rules);
    cause.now = attempt.now;
    cause.outcome = &outcome;
    cause.backoff = attempt.backoff;
    cause.lost_leases_max = attempt.lost_leases_max;
    return change(session, tenants, row, cause);
}

using Finished = std::vector<Result<Changes>>;
Result<Finished> finish_in(Session& session, const TenantNumbers& tenants,
                           const std::vector<FinishedAttempt>& attempts) {
    if (auto ready = begin_locking(session); !ready) return std::move(ready).error();
    std::vector<JobId> ids;
    ids.reserve(attempts.size());
    for (const auto& attempt : attempts)
        ids.push_back(attempt.lease.job);
    auto rows = lock_rows(session, std::move(ids));
    if (!rows) return std::move(rows).error();
    std::unordered_map<JobId, JobRow*> places;
    for (auto& row : *rows)
        places.emplace(row.id, &row);
    Finished answers;
    answers.reserve(attempts.size());
    for (const auto& attempt : attempts) {
        const auto found = places.find(attempt.lease.job);
        if (found == places.end()) {
            answers.emplace_back(jobs::lease_lost());
            continue;
        }
        // A refusal comes before anything is written; a failed statement fails the transaction.
        answers.push_back(finish_one(session, tenants, *found->second, attempt));
    }
    return answers;
}

Result<std::vector<LeaseState>> extend_in(Session& session, const jobs::WorkerId& worker,
                                          const std::vector<LeaseRef>& leases, Timestamp until) {
    if (auto ready = begin_locking(session); !ready) return std::move(ready).error();
    std::vector<JobId> ids;
    ids.reserve(leases.size());
    for (const auto& lease : leases)
        ids.push_back(lease.job);
    auto rows = lock_rows(session, std::move(ids));
    if (!rows) return std::move(rows).error();
    std::unordered_map<JobId, const JobRow*> places;
    for (const auto& row : *rows)
        places.emplace(row.id, &row);
    std::vector<LeaseState> answers;
    answers.reserve(leases.size());
    for (const auto& lease : leases) {
        LeaseState state;
        state.job = lease.job;
        const auto found = places.find(lease.job);
        if (found != places.end()) {
            const auto& row = *found->second;
            state.kept =
                row.state == JobState::Running && row.token == lease.token && row.worker == worker;
            state.cancel_requested = state.kept && row.cancel_requested_at.has_value();
        }
        answers.push_back(state);
        if (!state.kept) continue;
        const Value params[] = {relational::to_value(until), raw_id(lease.job)};
        auto done = session.execute_later("update jobs set lease_until = ? where id = ?", params);
        if (!done) return std::move(done).error();
    }
    return answers;
}

Result<void> check_unique_key(Session& session, const JobRow& row) {
    auto rows = session.query_with(
        "select 1 from jobs a where a.tenant = ? and a.completed_at is null"
        " and a.unique_key = (select b.unique_key from jobs b where b.id = ?) limit 1",
        row.tenant, raw_id(row.id));
    if (!rows) return std::move(rows).error();
    if (rows->empty()) return {};
    return conflict("another job with this unique key is not finished yet", "unique_key_in_use");
}

Result<Changes> redrive(Session& session, const TenantNumbers& tenants, JobRow& row,
                        const Cause& cause) {
    if (is_final(row.state)) {
        if (auto free = check_unique_key(session, row); !free) return std::move(free).error();
    }
    auto changes = change(session, tenants, row, cause);
    if (!changes || !row.has(kHasDependencies)) return changes;
    const Value id[] = {raw_id(row.id)};
    auto closed = session.execute_later(
        "update job_dependencies set is_open = 0 where child = ? and is_open = 1", id);
    if (!closed) return std::move(closed).error();
    return changes;
}

Result<Changes> steer_in(Session& session, const TenantNumbers& tenants,
                         const identity::Tenant& tenant, JobId job, Steer steer, Timestamp now) {
    if (auto ready = begin_locking(session); !ready) return std::move(ready).error();
    auto found = lock_row(session, job);
    if (!found) return std::move(found).error();
    if (!*found) return jobs::no_such_job();
    auto& row = **found;
    auto owner = tenants.tenant_of(session, row.tenant);
    if (!owner) return std::move(owner).error();
    if (*owner != tenant) return jobs::no_such_job();
    Cause cause;
    cause.now = now;
    switch (steer) {
        case Steer::Cancel:
            if (row.state == JobState::Running && row.cancel_requested_at) return Changes{};
            cause.event = JobEvent::Cancel;
            return change(session, tenants, row, cause);
        case Steer::Retry:
            cause.event = JobEvent::Redrive;
            return redrive(session, tenants, row, cause);
        case Steer::Purge: break;
    }
    if (!is_final(row.state)) {
        return conflict("only a finished job can be purged; this one is "
                            + std::string(jobs::to_text(row.state)),
                        "job_running");
    }
    auto needed = session.query_with(
        "select 1 from job_dependencies d join jobs c on c.id = d.child"
        " where d.parent = ? and c.completed_at is null limit 1",
        raw_id(row.id));
    if (!needed) return std::move(needed).error();
    if (!needed->empty())
        return conflict("a job that is not finished depends on this one", "job_needed");
    const Value id[] = {raw_id(row.id)};
    auto purged = session.execute_later("delete from jobs where id = ?", id);
    if (!purged) return std::move(purged).error();
    return Changes{};
}

}  // namespace
}  // namespace job_sql

using jobs::Changes;

async::Task<Result<std::vector<Result<Changes>>>> SqlJobStore::finish(
    std::vector<jobs::FinishedAttempt> attempts) {
    const auto shared =
        std::make_shared<const std::vector<jobs::FinishedAttempt>>(std::move(attempts));
    auto work = [this, shared](Session& session) {
        return job_sql::finish_in(session, tenants_, *shared);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::vector<jobs::LeaseState>>> SqlJobStore::extend(
    jobs::WorkerId worker, std::vector<jobs::LeaseRef> leases, Millis lease, Timestamp now) {
    auto work = [worker = std::move(worker), leases = std::move(leases),
                 until = now + lease](Session& session) {
        return job_sql::extend_in(session, worker, leases, until);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<Changes>> SqlJobStore::steer(identity::Tenant tenant, jobs::JobId job,
                                                jobs::Steer steer, Timestamp now) {
    auto work = [this, tenant = std::move(tenant), job, steer, now](Session& session) {
        return job_sql::steer_in(session, tenants_, tenant, job, steer, now);
    };
    co_return co_await database_.write(std::move(work));
}

}  // namespace zs::relational
