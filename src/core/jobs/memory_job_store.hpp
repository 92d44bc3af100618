#pragma once

#include "core/jobs/memory_job_tables.hpp"
#include "core/jobs/queue_store.hpp"

namespace zs::jobs {

// Jobs without a disk, for tests and simulations. Every answer comes at once.
class MemoryJobStore : public JobStore {
public:
    explicit MemoryJobStore(MemoryJobTables& tables) : tables_(tables) {}

    async::Task<Result<std::vector<Result<Submitted>>>> add(std::vector<NewJob> jobs,
                                                            AddMode mode) override;
    async::Task<Result<std::vector<LeasedJob>>> claim(ClaimQuery query) override;
    async::Task<Result<std::vector<LeaseState>>> extend(WorkerId worker,
                                                        std::vector<LeaseRef> leases, Millis lease,
                                                        Timestamp now) override;
    async::Task<Result<std::vector<Result<Changes>>>> finish(
        std::vector<FinishedAttempt> attempts) override;
    async::Task<Result<Changes>> steer(identity::Tenant tenant, JobId job, Steer steer,
                                       Timestamp now) override;
    async::Task<Result<Swept>> sweep(SweepQuery query) override;
    async::Task<Result<std::optional<Job>>> find(identity::Tenant tenant, JobId job) override;
    async::Task<Result<std::vector<Job>>> list(identity::Tenant tenant, JobFilter filter) override;

private:
    MemoryJobTables::Row* choose(const ClaimQuery& query,
                                 std::map<identity::Tenant, std::size_t>& given);

    MemoryJobTables& tables_;
};

class MemoryJobLog final : public JobLog {
public:
    explicit MemoryJobLog(MemoryJobTables& tables) : tables_(tables) {}
    async::Task<Result<LogAppended>> append(LeaseRef lease, std::vector<LogLine> lines) override;
    async::Task<Result<std::vector<LogEntry>>> read(identity::Tenant tenant, JobId job,
                                                    LogQuery query) override;

private:
    MemoryJobTables& tables_;
};

class MemoryArtifactIndex final : public ArtifactIndex {
public:
    explicit MemoryArtifactIndex(MemoryJobTables& tables) : tables_(tables) {}
    async::Task<Result<void>> record(LeaseRef lease, std::vector<Artifact> artifacts,
                                     Timestamp now) override;
    async::Task<Result<std::vector<ArtifactRecord>>> list(
        identity::Tenant tenant, JobId job, std::optional<std::uint32_t> attempt) override;

private:
    MemoryJobTables& tables_;
};

class MemoryQueueStore final : public QueueStore {
public:
    explicit MemoryQueueStore(MemoryJobTables& tables) : tables_(tables) {}
    async::Task<Result<JobCounts>> counts(identity::Tenant tenant, Timestamp now) override;
    async::Task<Result<void>> set_paused(identity::Tenant tenant, bool paused,
                                         Timestamp now) override;
    async::Task<Result<std::size_t>> waiting(identity::Tenant tenant, std::size_t most) override;
    async::Task<Result<std::vector<identity::Tenant>>> paused() override;

private:
    MemoryJobTables& tables_;
};

}  // namespace zs::jobs
