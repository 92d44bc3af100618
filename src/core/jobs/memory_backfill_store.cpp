#include "core/jobs/memory_backfill_store.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace zs::jobs {

async::Task<Result<void>> MemoryBackfillStore::forget_orphans() {
    std::set<std::pair<identity::Tenant, ScheduleId>> all;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, one] : backfills_)
            all.emplace(one.tenant, one.schedule);
    }
    for (const auto& [tenant, schedule] : all) {
        const auto found = co_await schedules_.find(tenant, schedule);
        if (!found) co_return found.error();
        if (*found) continue;
        const std::lock_guard lock(mutex_);
        std::erase_if(backfills_, [gone = schedule](const auto& entry) {
            return entry.second.schedule == gone;
        });
    }
    co_return Result<void>();
}

async::Task<Result<void>> MemoryBackfillStore::add(Backfill backfill, std::size_t unfinished_max) {
    const auto schedule = co_await schedules_.find(backfill.tenant, backfill.schedule);
    if (!schedule) co_return schedule.error();
    if (!*schedule) co_return no_such_schedule();
    const std::lock_guard lock(mutex_);
    const auto unfinished =
        std::count_if(backfills_.begin(), backfills_.end(), [&](const auto& entry) {
            const Backfill& one = entry.second;
            return one.schedule == backfill.schedule && !is_final(one.state);
        });
    if (static_cast<std::size_t>(unfinished) >= unfinished_max)
        co_return too_many_backfills(unfinished_max);
    const BackfillId id = backfill.id;
    backfills_.emplace(id, std::move(backfill));
    co_return Result<void>();
}

async::Task<Result<bool>> MemoryBackfillStore::save(Backfill backfill) {
    const auto forgotten = co_await forget_orphans();
    if (!forgotten) co_return forgotten.error();
    const std::lock_guard lock(mutex_);
    const auto found = backfills_.find(backfill.id);
    if (found == backfills_.end() || found->second.version != backfill.version) co_return false;
    ++backfill.version;
    found->second = std::move(backfill);
    co_return true;
}

async::Task<Result<std::optional<Backfill>>> MemoryBackfillStore::find(identity::Tenant tenant,
                                                                       ScheduleId schedule,
                                                                       BackfillId id) {
    const auto forgotten = co_await forget_orphans();
    if (!forgotten) co_return forgotten.error();
    const std::lock_guard lock(mutex_);
    const auto found = backfills_.find(id);
    if (found == backfills_.end() || found->second.tenant != tenant
        || found->second.schedule != schedule) {
        co_return std::optional<Backfill>();
    }
    co_return std::optional<Backfill>(found->second);
}

async::Task<Result<std::vector<Backfill>>> MemoryBackfillStore::list(
    identity::Tenant tenant, ScheduleId schedule, std::optional<BackfillId> after,
    std::size_t limit) {
    const auto forgotten = co_await forget_orphans();
    if (!forgotten) co_return forgotten.error();
    const std::lock_guard lock(mutex_);
    std::vector<Backfill> some;
    for (const auto& [id, one] : backfills_) {
        if (some.size() == limit) break;
        if (one.tenant != tenant || one.schedule != schedule || (after && id <= *after)) continue;
        some.push_back(one);
    }
    co_return some;
}

async::Task<Result<std::vector<Backfill>>> MemoryBackfillStore::unsettled(
    std::optional<BackfillId> after, std::size_t limit) {
    const auto forgotten = co_await forget_orphans();
    if (!forgotten) co_return forgotten.error();
    const std::lock_guard lock(mutex_);
    std::vector<Backfill> some;
    for (const auto& [id, one] : backfills_) {
        if (some.size() == limit) break;
        if (!one.is_unsettled() || (after && id <= *after)) continue;
        some.push_back(one);
    }
    co_return some;
}

}  // namespace zs::jobs
