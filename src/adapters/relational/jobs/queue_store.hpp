#pragma once

#include "adapters/relational/database.hpp"
#include "adapters/relational/jobs/tenant_numbers.hpp"
#include "core/jobs/queue_store.hpp"

namespace zs::relational {

// Queues of tenants as a whole (migration 004).
// Lifetime: the database outlives it. Errors: as Database.
class SqlQueueStore final : public jobs::QueueStore {
public:
    explicit SqlQueueStore(Database& database) : database_(database), tenants_(database) {}

    async::Task<Result<jobs::JobCounts>> counts(identity::Tenant tenant, Timestamp now) override;
    async::Task<Result<void>> set_paused(identity::Tenant tenant, bool paused,
                                         Timestamp now) override;
    async::Task<Result<std::size_t>> waiting(identity::Tenant tenant, std::size_t most) override;
    async::Task<Result<std::vector<identity::Tenant>>> paused() override;

private:
    Database& database_;
    TenantNumbers tenants_;
};

}  // namespace zs::relational
