#pragma once

#include "adapters/relational/database.hpp"
#include "adapters/relational/jobs/tenant_numbers.hpp"
#include "core/jobs/job_store.hpp"

#include <atomic>

namespace zs::relational {

// Jobs in the control plane's database (migration 004).
//
// On SQLite everything runs on the one writer, and a claim by candidates costs two statements a
// job. On PostgreSQL the rows that a change decides upon are locked (READ COMMITTED), claims skip
// what others hold, and tokens come from a sequence, so that any number of processes may lease.
// Lifetime: the database outlives it. Errors: as Database; NotFound when an organization is gone.
class SqlJobStore final : public jobs::JobStore {
public:
    explicit SqlJobStore(Database& database) : database_(database), tenants_(database) {}

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

private:
    Database& database_;
    TenantNumbers tenants_;
    // The tenant that a claim of the store's own choice served last.
    std::atomic<std::int64_t> served_last_{0};
};

}  // namespace zs::relational
