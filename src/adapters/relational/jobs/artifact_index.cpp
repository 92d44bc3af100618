#include "adapters/relational/jobs/artifact_index.hpp"

#include "adapters/relational/jobs/job_row.hpp"
#include "core/files/file_catalog.hpp"

#include <memory>

namespace zs::relational {

using jobs::Artifact;
using jobs::ArtifactRecord;
using jobs::JobId;
using jobs::JobState;
using jobs::LeaseRef;

namespace {

Result<void> hold(Session& session, const Artifact& artifact) {
    // Whoever condemns the blob meets this row, or the one of the artifact.
    auto sound = session.execute_with(
        "update file_blobs set damaged_at = null where sha256 = ? and state = 'live'",
        artifact.sha256);
    if (!sound) return std::move(sound).error();
    if (*sound == 0) return files::blob_gone();
    return {};
}

Result<void> record_in(Session& session, const LeaseRef& lease,
                       const std::vector<Artifact>& artifacts, Timestamp now) {
    if (auto ready = job_sql::begin_locking(session); !ready) return ready;
    auto row = job_sql::lock_row(session, lease.job);
    if (!row) return std::move(row).error();
    if (!*row || (*row)->state != JobState::Running || (*row)->token != lease.token)
        return jobs::lease_lost();
    const auto attempt = std::int64_t{(*row)->counters.attempt};
    for (const auto& artifact : artifacts) {
        if (auto held = hold(session, artifact); !held) return held;
        const Value params[] = {job_sql::raw_id(lease.job),
                                attempt,
                                artifact.name,
                                artifact.sha256.to_string(),
                                static_cast<std::int64_t>(artifact.size),
                                to_value(now)};
        auto done = session.execute_later(
            "insert into job_artifacts (job, attempt, name, sha256, size, created_at)"
            " values (?, ?, ?, ?, ?, ?) on conflict (job, attempt, name) do update set"
            " sha256 = excluded.sha256, size = excluded.size, created_at = excluded.created_at",
            params);
        if (!done) return done;
    }
    const Value id[] = {job_sql::raw_id(lease.job), to_value(now), job_sql::raw_id(lease.job)};
    return session.execute_later(
        "update jobs set artifact_count = (select count(*) from job_artifacts"
        " where job = ?), updated_at = ? where id = ?",
        id);
}

Result<ArtifactRecord> record_of(const Row& row) {
    const auto digest = files::Digest::parse(row.text(1));
    if (!digest) return data_loss("a row of the artifacts cannot be read");
    ArtifactRecord record;
    record.artifact.name = row.text(0);
    record.artifact.sha256 = *digest;
    record.artifact.size = static_cast<std::uint64_t>(row.integer(2));
    record.attempt = static_cast<std::uint32_t>(row.integer(3));
    record.created_at = row.time(4);
    return record;
}

Result<std::vector<ArtifactRecord>> list_in(Session& session, const TenantNumbers& tenants,
                                            const identity::Tenant& tenant, JobId job,
                                            std::optional<std::uint32_t> attempt) {
    const auto id = job_sql::raw_id(job);
    auto owner = session.query_with(
        "select tenant, coalesce((select max(attempt) from job_artifacts where job = jobs.id), 0)"
        " from jobs where id = ?",
        id);
    if (!owner) return std::move(owner).error();
    if (owner->empty()) return jobs::no_such_job();
    auto name = tenants.tenant_of(session, owner->front().integer(0));
    if (!name) return std::move(name).error();
    if (*name != tenant) return jobs::no_such_job();
    const auto wanted = attempt ? std::int64_t{*attempt} : owner->front().integer(1);
    // By bytes: collations differ.
    const std::string order =
        session.dialect() == Dialect::Postgres ? "name collate \"C\"" : "name";
    auto rows = session.query_with(
        "select name, sha256, size, attempt, created_at"
        " from job_artifacts where job = ? and attempt = ? order by "
            + order,
        id, wanted);
    if (!rows) return std::move(rows).error();
    std::vector<ArtifactRecord> out;
    for (const auto& row : *rows) {
        auto record = record_of(row);
        if (!record) return std::move(record).error();
        out.push_back(std::move(*record));
    }
    return out;
}

}  // namespace

async::Task<Result<void>> SqlArtifactIndex::record(LeaseRef lease, std::vector<Artifact> artifacts,
                                                   Timestamp now) {
    const auto shared = std::make_shared<const std::vector<Artifact>>(std::move(artifacts));
    auto work = [lease, shared, now](Session& session) {
        return record_in(session, lease, *shared, now);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::vector<ArtifactRecord>>> SqlArtifactIndex::list(
    identity::Tenant tenant, JobId job, std::optional<std::uint32_t> attempt) {
    auto work = [this, tenant = std::move(tenant), job, attempt](Session& session) {
        return list_in(session, tenants_, tenant, job, attempt);
    };
    co_return co_await database_.read(std::move(work));
}

}  // namespace zs::relational
