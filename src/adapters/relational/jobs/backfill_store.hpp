#pragma once

#include "adapters/relational/database.hpp"
#include "core/jobs/backfill_store.hpp"

namespace zs::relational {

// Back-fills of schedules (migration 006). What a step changes is one row: saving it is one
// conditional update, so that of two processes one is told to read again.
// Lifetime: the database outlives it. Errors: as Database.
class SqlBackfillStore final : public jobs::BackfillStore {
public:
    explicit SqlBackfillStore(Database& database) : database_(database) {}

    async::Task<Result<void>> add(jobs::Backfill backfill, std::size_t unfinished_max) override;
    async::Task<Result<bool>> save(jobs::Backfill backfill) override;
    async::Task<Result<std::optional<jobs::Backfill>>> find(identity::Tenant tenant,
                                                            jobs::ScheduleId schedule,
                                                            jobs::BackfillId id) override;
    async::Task<Result<std::vector<jobs::Backfill>>> list(identity::Tenant tenant,
                                                          jobs::ScheduleId schedule,
                                                          std::optional<jobs::BackfillId> after,
                                                          std::size_t limit) override;
    async::Task<Result<std::vector<jobs::Backfill>>> unsettled(
        std::optional<jobs::BackfillId> after, std::size_t limit) override;

private:
    Database& database_;
};

}  // namespace zs::relational
