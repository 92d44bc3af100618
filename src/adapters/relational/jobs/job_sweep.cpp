#include "adapters/relational/jobs/job_store.hpp"
#include "adapters/relational/jobs/job_transition.hpp"

#include <algorithm>
#include <memory>
#include <unordered_map>

namespace zs::relational {
namespace job_sql {

using jobs::Changes;
using jobs::JobId;
using jobs::JobState;
using jobs::LeaseToken;
using jobs::SweepQuery;
using jobs::Swept;

namespace {

constexpr std::size_t kExpiredMax = 1000;

Result<void> lose(Session& session, const TenantNumbers& tenants, JobRow& row,
                  const SweepQuery& query, Changes& changes) {
    Cause cause;
    cause.event = jobs::JobEvent::LoseLease;
    cause.now = query.now;
    cause.lost_leases_max = query.lost_leases_max;
    auto done = change(session, tenants, row, cause);
    if (!done) return std::move(done).error();
    std::move(done->transitions.begin(), done->transitions.end(),
              std::back_inserter(changes.transitions));
    return {};
}

Result<void> lose_named(Session& session, const TenantNumbers& tenants, const SweepQuery& query,
                        Changes& changes) {
    if (query.lost.empty()) return {};
    std::unordered_map<JobId, LeaseToken> tokens;
    std::vector<JobId> ids;
    for (const auto& lease : query.lost) {
        tokens[lease.job] = lease.token;
        ids.push_back(lease.job);
    }
    auto rows = lock_rows(session, std::move(ids));
    if (!rows) return std::move(rows).error();
    for (auto& row : *rows) {
        if (row.state != JobState::Running || row.token != tokens[row.id]) continue;
        if (auto done = lose(session, tenants, row, query, changes); !done) return done;
    }
    return {};
}

Result<void> lose_expired(Session& session, const TenantNumbers& tenants, const SweepQuery& query,
                          Changes& changes) {
    if (!query.find_expired) return {};
    std::string sql = "select " + std::string(kRowColumns)
                      + " from jobs where lease_until is not null and lease_until <= ?"
                        " and completed_at is null and state = 1 order by lease_until limit ?";
    if (session.dialect() == Dialect::Postgres) sql += " for update skip locked";
    auto rows = session.query_with(sql, query.now, kExpiredMax);
    if (!rows) return std::move(rows).error();
    for (const auto& row : *rows) {
        auto job = row_of(row);
        if (auto done = lose(session, tenants, job, query, changes); !done) return done;
    }
    return {};
}

// Nothing completed before it was created: so what is old enough lies at the old end of each
// tenant's jobs.
Result<std::vector<JobId>> purge(Session& session, Timestamp before, std::size_t limit) {
    auto rows = session.query_with(
        "select j.id from job_tenants t cross join jobs j where j.tenant = t.num"
        " and j.created_at < ? and j.completed_at < ?"
        " and not exists (select 1 from job_dependencies d join jobs c on c.id = d.child"
        " where d.parent = j.id and c.completed_at is null) limit ?",
        before, before, limit);
    if (!rows) return std::move(rows).error();
    std::vector<JobId> purged;
    for (const auto& row : *rows) {
        const Value id[] = {Bytes{row.bytes(0)}, relational::to_value(before)};
        auto done = session.execute_later("delete from jobs where id = ? and completed_at < ?", id);
        if (!done) return std::move(done).error();
        purged.emplace_back(uuid_of(row.bytes(0)));
    }
    return purged;
}

Result<Swept> sweep_in(Session& session, const TenantNumbers& tenants, const SweepQuery& query) {
    if (auto ready = begin_locking(session); !ready) return std::move(ready).error();
    Swept swept;
    auto done = lose_named(session, tenants, query, swept.changes);
    if (done) done = lose_expired(session, tenants, query, swept.changes);
    if (!done) return std::move(done).error();
    if (!query.purge_completed_before) return swept;
    auto purged = purge(session, *query.purge_completed_before, query.purge_max);
    if (!purged) return std::move(purged).error();
    swept.purged = std::move(*purged);
    return swept;
}

}  // namespace
}  // namespace job_sql

async::Task<Result<jobs::Swept>> SqlJobStore::sweep(jobs::SweepQuery query) {
    const auto shared = std::make_shared<const jobs::SweepQuery>(std::move(query));
    auto work = [this, shared](Session& session) {
        return job_sql::sweep_in(session, tenants_, *shared);
    };
    co_return co_await database_.write(std::move(work));
}

}  // namespace zs::relational
