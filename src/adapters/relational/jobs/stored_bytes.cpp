#include "adapters/relational/jobs/stored_bytes.hpp"

namespace zs::relational {

using identity::Tenant;
using ByTenant = std::map<Tenant, StoredBytes>;

namespace {

// sum() of integers is a decimal in one dialect: it is cast back.
constexpr const char* kArtifacts =
    "select t.org_id, t.env_slug, cast(coalesce(sum(a.size), 0) as bigint)"
    " from job_artifacts a join jobs j on j.id = a.job join job_tenants t on t.num = j.tenant"
    " group by t.org_id, t.env_slug";
constexpr const char* kLogs =
    "select t.org_id, t.env_slug, cast(coalesce(sum(l.head_bytes + l.tail_bytes), 0) as bigint)"
    " from job_log_attempts l join jobs j on j.id = l.job join job_tenants t on t.num = j.tenant"
    " group by t.org_id, t.env_slug";

Result<ByTenant> by_tenant_in(Session& session) {
    ByTenant all;
    auto artifacts = session.query(kArtifacts, {});
    if (!artifacts) return std::move(artifacts).error();
    for (const auto& row : *artifacts)
        all[{row.text(0), row.text(1)}].artifacts = static_cast<std::uint64_t>(row.integer(2));
    auto logs = session.query(kLogs, {});
    if (!logs) return std::move(logs).error();
    for (const auto& row : *logs)
        all[{row.text(0), row.text(1)}].logs = static_cast<std::uint64_t>(row.integer(2));
    return all;
}

}  // namespace

async::Task<Result<ByTenant>> SqlStoredBytes::by_tenant() {
    auto work = [](Session& session) { return by_tenant_in(session); };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::uint64_t>> SqlStoredBytes::artifacts() {
    auto work = [](Session& session) -> Result<std::uint64_t> {
        auto rows =
            session.query("select cast(coalesce(sum(size), 0) as bigint) from job_artifacts", {});
        if (!rows) return std::move(rows).error();
        return static_cast<std::uint64_t>(rows->front().integer(0));
    };
    co_return co_await database_.read(std::move(work));
}

}  // namespace zs::relational
