#include "adapters/relational/jobs/queue_store.hpp"

namespace zs::relational {

using identity::Tenant;
using jobs::JobCounts;
using jobs::JobState;

namespace {

std::uint64_t& field_of(JobCounts& counts, JobState state) {
    switch (state) {
        case JobState::Pending: return counts.pending;
        case JobState::Running: return counts.running;
        case JobState::Succeeded: return counts.succeeded;
        case JobState::Failed: return counts.failed;
        case JobState::Retrying: return counts.retrying;
        case JobState::Canceled: return counts.canceled;
    }
    return counts.pending;
}

Result<JobCounts> counts_in(Session& session, const TenantNumbers& tenants, const Tenant& tenant,
                            Timestamp now) {
    JobCounts counts;
    auto number = tenants.number_of(session, tenant);
    if (!number) return std::move(number).error();
    if (!*number) return counts;
    auto rows = session.query_with(
        "select state, count(*) from jobs where tenant = ? group by state", **number);
    if (!rows) return std::move(rows).error();
    for (const auto& row : *rows)
        field_of(counts, JobState(row.integer(0))) = static_cast<std::uint64_t>(row.integer(1));
    auto open = session.query_with(
        "select sum(case when eligible_at > ? then 1 else 0 end),"
        " min(case when eligible_at <= ? then eligible_at end) from jobs"
        " where tenant = ? and completed_at is null and state in (0, 4)",
        now, now, **number);
    if (!open) return std::move(open).error();
    const auto& row = open->front();
    counts.scheduled = static_cast<std::uint64_t>(row.maybe_integer(0).value_or(0));
    counts.oldest_pending = row.maybe_time(1);
    return counts;
}

}  // namespace

async::Task<Result<JobCounts>> SqlQueueStore::counts(Tenant tenant, Timestamp now) {
    auto work = [this, tenant = std::move(tenant), now](Session& session) {
        return counts_in(session, tenants_, tenant, now);
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::size_t>> SqlQueueStore::waiting(Tenant tenant, std::size_t most) {
    auto work = [this, tenant = std::move(tenant), most](Session& session) -> Result<std::size_t> {
        auto number = tenants_.number_of(session, tenant);
        if (!number) return std::move(number).error();
        if (!*number) return std::size_t{0};
        auto rows = session.query_with(
            "select count(*) from (select 1 from jobs where tenant = ? and completed_at is null"
            " and state in (0, 4) limit ?) as waiting_jobs",
            **number, most);
        if (!rows) return std::move(rows).error();
        return static_cast<std::size_t>(rows->front().integer(0));
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<void>> SqlQueueStore::set_paused(Tenant tenant, bool paused, Timestamp now) {
    std::vector<Tenant> names;
    names.push_back(std::move(tenant));
    auto number = co_await tenants_.draw(std::move(names));
    if (!number) co_return std::move(number).error();
    const auto since = paused ? std::optional(now) : std::nullopt;
    auto work = [number = number->front(), since](Session& session) -> Result<void> {
        auto done = session.execute_with("update job_tenants set paused_at = ? where num = ?",
                                         since, number);
        if (!done) return std::move(done).error();
        if (*done == 0) return not_found("there is no such organization");
        return {};
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::vector<Tenant>>> SqlQueueStore::paused() {
    auto work = [](Session& session) -> Result<std::vector<Tenant>> {
        auto rows = session.query_with(
            "select org_id, env_slug from job_tenants where paused_at is not null order by num");
        if (!rows) return std::move(rows).error();
        std::vector<Tenant> out;
        for (const auto& row : *rows)
            out.push_back({row.text(0), row.text(1)});
        return out;
    };
    co_return co_await database_.read(std::move(work));
}

}  // namespace zs::relational
