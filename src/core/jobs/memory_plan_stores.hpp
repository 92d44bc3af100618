#pragma once

#include "core/jobs/schedule_store.hpp"
#include "core/jobs/template_store.hpp"

#include <map>
#include <mutex>
#include <utility>

namespace zs::jobs {

// Templates without a disk, for tests.
class MemoryTemplateStore final : public TemplateStore {
public:
    async::Task<Result<void>> add(identity::Tenant tenant, JobTemplate job_template) override;
    async::Task<Result<void>> replace(identity::Tenant tenant, JobTemplate job_template) override;
    async::Task<Result<void>> remove(identity::Tenant tenant, std::string name) override;
    async::Task<Result<std::optional<JobTemplate>>> find(identity::Tenant tenant,
                                                         std::string name) override;
    async::Task<Result<std::vector<JobTemplate>>> list(identity::Tenant tenant, std::string after,
                                                       std::size_t limit) override;

private:
    std::mutex mutex_;
    std::map<std::pair<identity::Tenant, std::string>, JobTemplate> templates_;
};

// Schedules without a disk, for tests.
class MemoryScheduleStore final : public ScheduleStore {
public:
    async::Task<Result<void>> add(JobSchedule schedule) override;
    async::Task<Result<void>> replace(JobSchedule schedule) override;
    async::Task<Result<void>> remove(identity::Tenant tenant, ScheduleId id) override;
    async::Task<Result<std::optional<JobSchedule>>> find(identity::Tenant tenant,
                                                         ScheduleId id) override;
    async::Task<Result<std::vector<JobSchedule>>> list(identity::Tenant tenant,
                                                       std::optional<ScheduleId> after,
                                                       std::size_t limit) override;
    async::Task<Result<std::vector<JobSchedule>>> active(std::optional<ScheduleId> after,
                                                         std::size_t limit) override;
    async::Task<Result<bool>> advance(ScheduleProgress progress) override;

private:
    std::mutex mutex_;
    std::map<ScheduleId, JobSchedule> schedules_;
};

}  // namespace zs::jobs
