#pragma once

#include "async/task.hpp"
#include "core/jobs/job_template.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::jobs {

// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss.
// Errors:     any method may answer Unavailable.
class TemplateStore {
public:
    virtual ~TemplateStore() = default;
    // Errors: Conflict "template_exists".
    virtual async::Task<Result<void>> add(identity::Tenant tenant, JobTemplate job_template) = 0;
    // Of the same name; created_by and created_at stay. Errors: NotFound.
    virtual async::Task<Result<void>> replace(identity::Tenant tenant,
                                              JobTemplate job_template) = 0;
    // Errors: NotFound.
    virtual async::Task<Result<void>> remove(identity::Tenant tenant, std::string name) = 0;
    virtual async::Task<Result<std::optional<JobTemplate>>> find(identity::Tenant tenant,
                                                                 std::string name) = 0;
    // In the order of names (bytes), behind `after`.
    virtual async::Task<Result<std::vector<JobTemplate>>> list(identity::Tenant tenant,
                                                               std::string after,
                                                               std::size_t limit) = 0;
};

}  // namespace zs::jobs
