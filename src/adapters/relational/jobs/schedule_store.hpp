#pragma once

#include "adapters/relational/database.hpp"
#include "core/jobs/schedule_store.hpp"

namespace zs::relational {

// Schedules of jobs (migration 004).
// Lifetime: the database outlives it. Errors: as Database.
class SqlScheduleStore final : public jobs::ScheduleStore {
public:
    explicit SqlScheduleStore(Database& database) : database_(database) {}

    async::Task<Result<void>> add(jobs::JobSchedule schedule) override;
    async::Task<Result<void>> replace(jobs::JobSchedule schedule) override;
    async::Task<Result<void>> remove(identity::Tenant tenant, jobs::ScheduleId id) override;
    async::Task<Result<std::optional<jobs::JobSchedule>>> find(identity::Tenant tenant,
                                                               jobs::ScheduleId id) override;
    async::Task<Result<std::vector<jobs::JobSchedule>>> list(identity::Tenant tenant,
                                                             std::optional<jobs::ScheduleId> after,
                                                             std::size_t limit) override;
    async::Task<Result<std::vector<jobs::JobSchedule>>> active(
        std::optional<jobs::ScheduleId> after, std::size_t limit) override;
    async::Task<Result<bool>> advance(jobs::ScheduleProgress progress) override;

private:
    Database& database_;
};

}  // namespace zs::relational
