#pragma once

#include "adapters/relational/database.hpp"
#include "core/jobs/template_store.hpp"

namespace zs::relational {

// Templates of jobs (migration 004).
// Lifetime: the database outlives it. Errors: as Database.
class SqlTemplateStore final : public jobs::TemplateStore {
public:
    explicit SqlTemplateStore(Database& database) : database_(database) {}

    async::Task<Result<void>> add(identity::Tenant tenant, jobs::JobTemplate job_template) override;
    async::Task<Result<void>> replace(identity::Tenant tenant,
                                      jobs::JobTemplate job_template) override;
    async::Task<Result<void>> remove(identity::Tenant tenant, std::string name) override;
    async::Task<Result<std::optional<jobs::JobTemplate>>> find(identity::Tenant tenant,
                                                               std::string name) override;
    async::Task<Result<std::vector<jobs::JobTemplate>>> list(identity::Tenant tenant,
                                                             std::string after,
                                                             std::size_t limit) override;

private:
    Database& database_;
};

}  // namespace zs::relational
