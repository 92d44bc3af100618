#pragma once

#include "core/identity/page.hpp"
#include "core/jobs/template_store.hpp"

#include <string>

namespace zs::jobs {

// Templates as tenants manage them. Lifetime: the store outlives it. Threading: any.
class TemplateService {
public:
    TemplateService(TemplateStore& store, const Clock& clock) : store_(store), clock_(clock) {}

    // Errors: as parse_job_template(); Conflict "template_exists".
    async::Task<Result<JobTemplate>> create(identity::Tenant tenant,
                                            std::optional<identity::UserId> by,
                                            boost::json::object json);
    // `name` in the body may be absent. Errors: NotFound.
    async::Task<Result<JobTemplate>> replace(identity::Tenant tenant, std::string name,
                                             boost::json::object json);
    async::Task<Result<JobTemplate>> find(identity::Tenant tenant, std::string name);
    async::Task<Result<void>> remove(identity::Tenant tenant, std::string name);
    async::Task<Result<identity::Page<JobTemplate>>> list(identity::Tenant tenant,
                                                          identity::PageRequest page);

private:
    TemplateStore& store_;
    const Clock& clock_;
};

}  // namespace zs::jobs
