#include "core/jobs/memory_job_store.hpp"

#include <algorithm>

namespace zs::jobs {

async::Task<Result<LogAppended>> MemoryJobLog::append(LeaseRef lease, std::vector<LogLine> lines) {
    const std::lock_guard lock(tables_.mutex);
    auto* row = tables_.leased(lease);
    if (row == nullptr) co_return lease_lost();
    LogAppended appended;
    appended.first_seq = row->job.last_seq + 1;
    for (auto& line : lines) {
        LogEntry entry;
        entry.seq = ++row->job.last_seq;
        entry.attempt = row->job.counters.attempt;
        entry.line = std::move(line);
        row->log.push_back(std::move(entry));
        ++row->job.log_count;
    }
    appended.last_seq = row->job.last_seq;
    co_return appended;
}

async::Task<Result<std::vector<LogEntry>>> MemoryJobLog::read(identity::Tenant tenant, JobId job,
                                                              LogQuery query) {
    const std::lock_guard lock(tables_.mutex);
    auto* row = tables_.find(tenant, job);
    if (row == nullptr) co_return no_such_job();
    std::vector<LogEntry> entries;
    for (const auto& entry : row->log) {
        if (entries.size() >= query.limit) break;
        if (entry.seq < query.from_seq) continue;
        if (query.stream && entry.line.stream != *query.stream) continue;
        if (query.attempt && entry.attempt != *query.attempt) continue;
        entries.push_back(entry);
    }
    co_return entries;
}

async::Task<Result<void>> MemoryArtifactIndex::record(LeaseRef lease,
                                                      std::vector<Artifact> artifacts,
                                                      Timestamp now) {
    const std::lock_guard lock(tables_.mutex);
    auto* row = tables_.leased(lease);
    if (row == nullptr) co_return lease_lost();
    for (auto& artifact : artifacts) {
        ArtifactRecord record;
        record.attempt = row->job.counters.attempt;
        record.created_at = now;
        record.artifact = std::move(artifact);
        std::erase_if(row->artifacts, [&](const ArtifactRecord& other) {
            return other.attempt == record.attempt && other.artifact.name == record.artifact.name;
        });
        row->artifacts.push_back(std::move(record));
    }
    row->job.artifact_count = static_cast<std::uint32_t>(row->artifacts.size());
    co_return Result<void>();
}

async::Task<Result<std::vector<ArtifactRecord>>> MemoryArtifactIndex::list(
    identity::Tenant tenant, JobId job, std::optional<std::uint32_t> attempt) {
    const std::lock_guard lock(tables_.mutex);
    auto* row = tables_.find(tenant, job);
    if (row == nullptr) co_return no_such_job();
    std::uint32_t wanted = attempt.value_or(0);
    if (!attempt) {
        for (const auto& record : row->artifacts)
            wanted = std::max(wanted, record.attempt);
    }
    std::vector<ArtifactRecord> records;
    for (const auto& record : row->artifacts) {
        if (record.attempt == wanted) records.push_back(record);
    }
    std::sort(records.begin(), records.end(),
              [](const auto& a, const auto& b) { return a.artifact.name < b.artifact.name; });
    co_return records;
}

async::Task<Result<JobCounts>> MemoryQueueStore::counts(identity::Tenant tenant, Timestamp now) {
    const std::lock_guard lock(tables_.mutex);
    JobCounts counts;
    for (const auto& [id, row] : tables_.rows) {
        const Job& job = row.job;
        if (job.tenant != tenant) continue;
        switch (job.state) {
            case JobState::Pending: ++counts.pending; break;
            case JobState::Running: ++counts.running; break;
            case JobState::Succeeded: ++counts.succeeded; break;
            case JobState::Failed: ++counts.failed; break;
            case JobState::Retrying: ++counts.retrying; break;
            case JobState::Canceled: ++counts.canceled; break;
        }
        if (job.state != JobState::Pending && job.state != JobState::Retrying) continue;
        if (job.eligible_at > now) {
            ++counts.scheduled;
        } else if (!counts.oldest_pending || job.eligible_at < *counts.oldest_pending) {
            counts.oldest_pending = job.eligible_at;
        }
    }
    co_return counts;
}

async::Task<Result<std::size_t>> MemoryQueueStore::waiting(identity::Tenant tenant,
                                                           std::size_t most) {
    const std::lock_guard lock(tables_.mutex);
    const auto waits = [&](const auto& entry) {
        const Job& job = entry.second.job;
        return job.tenant == tenant
               && (job.state == JobState::Pending || job.state == JobState::Retrying);
    };
    const auto count = std::count_if(tables_.rows.begin(), tables_.rows.end(), waits);
    co_return std::min(static_cast<std::size_t>(count), most);
}

async::Task<Result<void>> MemoryQueueStore::set_paused(identity::Tenant tenant, bool paused,
                                                       Timestamp) {
    const std::lock_guard lock(tables_.mutex);
    if (paused) {
        tables_.paused.insert(std::move(tenant));
    } else {
        tables_.paused.erase(tenant);
    }
    co_return Result<void>();
}

async::Task<Result<std::vector<identity::Tenant>>> MemoryQueueStore::paused() {
    const std::lock_guard lock(tables_.mutex);
    co_return std::vector<identity::Tenant>(tables_.paused.begin(), tables_.paused.end());
}

}  // namespace zs::jobs
