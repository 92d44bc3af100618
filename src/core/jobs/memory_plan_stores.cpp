#include "core/jobs/memory_plan_stores.hpp"

#include <algorithm>

namespace zs::jobs {

async::Task<Result<void>> MemoryTemplateStore::add(identity::Tenant tenant,
                                                   JobTemplate job_template) {
    const std::lock_guard lock(mutex_);
    const bool fresh = templates_.try_emplace({tenant, job_template.name}, job_template).second;
    if (!fresh) co_return conflict("a template with this name exists", "template_exists");
    co_return Result<void>();
}

async::Task<Result<void>> MemoryTemplateStore::replace(identity::Tenant tenant,
                                                       JobTemplate job_template) {
    const std::lock_guard lock(mutex_);
    const auto found = templates_.find({tenant, job_template.name});
    if (found == templates_.end()) co_return not_found("there is no such template");
    job_template.created_at = found->second.created_at;
    job_template.created_by = found->second.created_by;
    found->second = std::move(job_template);
    co_return Result<void>();
}

async::Task<Result<void>> MemoryTemplateStore::remove(identity::Tenant tenant, std::string name) {
    const std::lock_guard lock(mutex_);
    if (templates_.erase({tenant, name}) == 0) co_return not_found("there is no such template");
    co_return Result<void>();
}

async::Task<Result<std::optional<JobTemplate>>> MemoryTemplateStore::find(identity::Tenant tenant,
                                                                          std::string name) {
    const std::lock_guard lock(mutex_);
    const auto found = templates_.find({tenant, name});
    if (found == templates_.end()) co_return std::optional<JobTemplate>();
    co_return std::optional<JobTemplate>(found->second);
}

async::Task<Result<std::vector<JobTemplate>>> MemoryTemplateStore::list(identity::Tenant tenant,
                                                                        std::string after,
                                                                        std::size_t limit) {
    const std::lock_guard lock(mutex_);
    std::vector<JobTemplate> some;
    for (const auto& [key, job_template] : templates_) {
        if (key.first != tenant || key.second <= after || some.size() == limit) continue;
        some.push_back(job_template);
    }
    co_return some;
}

async::Task<Result<void>> MemoryScheduleStore::add(JobSchedule schedule) {
    const std::lock_guard lock(mutex_);
    const ScheduleId id = schedule.id;
    schedules_.emplace(id, std::move(schedule));
    co_return Result<void>();
}

async::Task<Result<void>> MemoryScheduleStore::replace(JobSchedule schedule) {
    const std::lock_guard lock(mutex_);
    const auto found = schedules_.find(schedule.id);
    if (found == schedules_.end() || found->second.tenant != schedule.tenant) {
        co_return no_such_schedule();
    }
    JobSchedule& was = found->second;
    schedule.created_at = was.created_at;
    schedule.created_by = was.created_by;
    schedule.last_run_at = was.last_run_at;
    schedule.last_job_id = was.last_job_id;
    schedule.last_error = was.last_error;
    was = std::move(schedule);
    co_return Result<void>();
}

async::Task<Result<void>> MemoryScheduleStore::remove(identity::Tenant tenant, ScheduleId id) {
    const std::lock_guard lock(mutex_);
    const auto found = schedules_.find(id);
    if (found == schedules_.end() || found->second.tenant != tenant) {
        co_return no_such_schedule();
    }
    schedules_.erase(found);
    co_return Result<void>();
}

async::Task<Result<std::optional<JobSchedule>>> MemoryScheduleStore::find(identity::Tenant tenant,
                                                                          ScheduleId id) {
    const std::lock_guard lock(mutex_);
    const auto found = schedules_.find(id);
    if (found == schedules_.end() || found->second.tenant != tenant) {
        co_return std::optional<JobSchedule>();
    }
    co_return std::optional<JobSchedule>(found->second);
}

async::Task<Result<std::vector<JobSchedule>>> MemoryScheduleStore::list(
    identity::Tenant tenant, std::optional<ScheduleId> after, std::size_t limit) {
    const std::lock_guard lock(mutex_);
    std::vector<JobSchedule> some;
    for (const auto& [id, schedule] : schedules_) {
        if (schedule.tenant != tenant || (after && id <= *after) || some.size() == limit) continue;
        some.push_back(schedule);
    }
    co_return some;
}

async::Task<Result<std::vector<JobSchedule>>> MemoryScheduleStore::active(
    std::optional<ScheduleId> after, std::size_t limit) {
    const std::lock_guard lock(mutex_);
    std::vector<JobSchedule> some;
    for (const auto& [id, schedule] : schedules_) {
        if (!schedule.is_active || (after && id <= *after) || some.size() == limit) continue;
        some.push_back(schedule);
    }
    co_return some;
}

async::Task<Result<bool>> MemoryScheduleStore::advance(ScheduleProgress progress) {
    const std::lock_guard lock(mutex_);
    const auto found = schedules_.find(progress.id);
    if (found == schedules_.end()) co_return false;
    JobSchedule& schedule = found->second;
    schedule.high_water = std::max(schedule.high_water, progress.high_water);
    if (progress.last_run_at) schedule.last_run_at = progress.last_run_at;
    if (progress.last_job_id) schedule.last_job_id = progress.last_job_id;
    if (progress.last_error) schedule.last_error = *progress.last_error;
    co_return true;
}

}  // namespace zs::jobs
