#pragma once

#include "base/metrics.hpp"
#include "core/jobs/job_log.hpp"
#include "core/jobs/job_store.hpp"
#include "core/jobs/queue_store.hpp"

#include <mutex>
#include <set>
#include <vector>

namespace zs::server {

// A job store whose changes are counted: what was submitted, how it ended, how long it took.
// Source: jobs.md section 13. Lifetime: the store outlives it. Threading: any.
class MeteredJobStore final : public jobs::JobStore {
public:
    explicit MeteredJobStore(jobs::JobStore& store);

    async::Task<Result<std::vector<Result<jobs::Submitted>>>> add(std::vector<jobs::NewJob> jobs,
                                                                  jobs::AddMode mode) override;
    async::Task<Result<std::vector<jobs::LeasedJob>>> claim(jobs::ClaimQuery query) override;
    async::Task<Result<std::vector<jobs::LeaseState>>> extend(jobs::WorkerId worker,
                                                              std::vector<jobs::LeaseRef> leases,
                                                              Millis lease, Timestamp now) override;
    async::Task<Result<std::vector<Result<jobs::Changes>>>> finish(
        std::vector<jobs::FinishedAttempt> attempts) override;
    async::Task<Result<jobs::Changes>> steer(identity::Tenant tenant, jobs::JobId job,
                                             jobs::Steer steer, Timestamp now) override;
    async::Task<Result<jobs::Swept>> sweep(jobs::SweepQuery query) override;
    async::Task<Result<std::optional<jobs::Job>>> find(identity::Tenant tenant,
                                                       jobs::JobId job) override;
    async::Task<Result<std::vector<jobs::Job>>> list(identity::Tenant tenant,
                                                     jobs::JobFilter filter) override;

    // Those whose jobs went through here.
    std::vector<identity::Tenant> tenants() const;

private:
    void count(const jobs::Changes& changes);
    void know(const identity::Tenant& tenant);

    jobs::JobStore& store_;
    metrics::Counter& submitted_;
    metrics::Counter& retries_;
    metrics::Counter& lost_;
    metrics::Histogram& submit_duration_;
    metrics::Histogram& schedule_latency_;
    metrics::Histogram& duration_;
    mutable std::mutex mutex_;
    std::set<identity::Tenant> tenants_;
};

// The same for logs.
class MeteredJobLog final : public jobs::JobLog {
public:
    explicit MeteredJobLog(jobs::JobLog& log);
    async::Task<Result<jobs::LogAppended>> append(jobs::LeaseRef lease,
                                                  std::vector<jobs::LogLine> lines) override;
    async::Task<Result<std::vector<jobs::LogEntry>>> read(identity::Tenant tenant, jobs::JobId job,
                                                          jobs::LogQuery query) override;

private:
    jobs::JobLog& log_;
    metrics::Counter& bytes_;
};

// How many jobs there are, of all tenants together.
void show_job_counts(const jobs::JobCounts& counts, Timestamp now);
void show_slots(std::size_t busy, std::size_t all);

}  // namespace zs::server
