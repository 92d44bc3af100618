#pragma once

#include "adapters/relational/database.hpp"
#include "core/jobs/worker_store.hpp"

namespace zs::relational {

// Workers of all processes on one database (migration 005).
// Lifetime: the database outlives it. Errors: as Database.
class SqlWorkerStore final : public jobs::WorkerStore {
public:
    explicit SqlWorkerStore(Database& database) : database_(database) {}

    async::Task<Result<void>> announce(std::vector<jobs::WorkerInfo> workers,
                                       Timestamp forget_before) override;
    async::Task<Result<void>> forget(std::vector<jobs::WorkerId> workers) override;
    async::Task<Result<std::vector<jobs::WorkerInfo>>> list() override;

private:
    Database& database_;
};

}  // namespace zs::relational
