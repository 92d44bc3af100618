#pragma once

#include "core/jobs/backfill_store.hpp"
#include "core/jobs/schedule_store.hpp"

#include <map>
#include <mutex>

namespace zs::jobs {

// Back-fills without a disk, for tests. Lifetime: the schedules outlive it.
class MemoryBackfillStore final : public BackfillStore {
public:
    explicit MemoryBackfillStore(ScheduleStore& schedules) : schedules_(schedules) {}

    async::Task<Result<void>> add(Backfill backfill, std::size_t unfinished_max) override;
    async::Task<Result<bool>> save(Backfill backfill) override;
    async::Task<Result<std::optional<Backfill>>> find(identity::Tenant tenant, ScheduleId schedule,
                                                      BackfillId id) override;
    async::Task<Result<std::vector<Backfill>>> list(identity::Tenant tenant, ScheduleId schedule,
                                                    std::optional<BackfillId> after,
                                                    std::size_t limit) override;
    async::Task<Result<std::vector<Backfill>>> unsettled(std::optional<BackfillId> after,
                                                         std::size_t limit) override;

private:
    // Forgets those whose schedule is gone.
    async::Task<Result<void>> forget_orphans();

    ScheduleStore& schedules_;
    std::mutex mutex_;
    std::map<BackfillId, Backfill> backfills_;
};

}  // namespace zs::jobs
