#pragma once

#include "async/task.hpp"
#include "core/jobs/backfill.hpp"

#include <optional>
#include <vector>

namespace zs::jobs {

// Back-fills of schedules; they go with their schedule.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss.
// Errors:     any method may answer Unavailable.
class BackfillStore {
public:
    virtual ~BackfillStore() = default;
    // Errors: NotFound without its schedule; Exhausted "too_many_backfills" when that has
    // `unfinished_max` that are not final.
    virtual async::Task<Result<void>> add(Backfill backfill, std::size_t unfinished_max) = 0;
    // What changes in its life, with the version that follows the one it was read with. Answers
    // false, and stores nothing, when the stored version is another one or the back-fill is gone.
    virtual async::Task<Result<bool>> save(Backfill backfill) = 0;
    virtual async::Task<Result<std::optional<Backfill>>> find(identity::Tenant tenant,
                                                              ScheduleId schedule,
                                                              BackfillId id) = 0;
    // In the order of ids, behind `after`.
    virtual async::Task<Result<std::vector<Backfill>>> list(identity::Tenant tenant,
                                                            ScheduleId schedule,
                                                            std::optional<BackfillId> after,
                                                            std::size_t limit) = 0;
    // Of every tenant, those that is_unsettled(), in the order of ids, behind `after`.
    virtual async::Task<Result<std::vector<Backfill>>> unsettled(std::optional<BackfillId> after,
                                                                 std::size_t limit) = 0;
};

Error no_such_backfill();
Error too_many_backfills(std::size_t unfinished_max);

}  // namespace zs::jobs
