#pragma once

#include "adapters/relational/jobs/job_row.hpp"
#include "core/jobs/job_store.hpp"

#include <vector>

namespace zs::relational::job_sql {

// What add() is given, made ready outside the transaction.
struct Batch {
    std::vector<jobs::NewJob> jobs;
    std::vector<StoredSpec> specs;
    std::vector<std::int64_t> tenants;
    // Every job behind those of the batch that it depends on; `stuck` are in a circle.
    std::vector<std::size_t> order;
    std::vector<std::size_t> stuck;
};
Batch make_batch(std::vector<jobs::NewJob> jobs, std::vector<std::int64_t> tenants);

using Added = std::vector<Result<jobs::Submitted>>;
Result<Added> add_in(Session& session, const TenantNumbers& tenants, const Batch& batch,
                     jobs::AddMode mode);

}  // namespace zs::relational::job_sql
