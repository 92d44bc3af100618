#pragma once

#include "adapters/relational/jobs/job_row.hpp"
#include "core/jobs/job_store.hpp"

#include <utility>
#include <vector>

namespace zs::relational::job_sql {

// What add() is given, made ready outside the transaction.
struct Batch {
    std::vector<jobs::NewJob> jobs;
    std::vector<StoredSpec> specs;
    std::vector<std::int64_t> tenants;
    // Jobs that neither wait for others nor can meet one with their key: nothing has to be looked
    // up for them, so they are inserted first, many at once.
    std::vector<std::size_t> plain;
    // The others, every one behind those that it depends on; `stuck` are in a circle.
    std::vector<std::size_t> order;
    std::vector<std::size_t> stuck;
};
Batch make_batch(std::vector<jobs::NewJob> jobs, std::vector<std::int64_t> tenants);

// How a job looks when it is added, with so many open dependencies.
JobRow new_row(const Batch& batch, std::size_t index, std::uint32_t open_dependencies);

Result<void> insert_plain(Session& session, const Batch& batch);

// With their places in the batch.
using Added = std::vector<std::pair<std::size_t, Result<jobs::Submitted>>>;
// Adds all; answers those that are not plain.
Result<Added> add_in(Session& session, const TenantNumbers& tenants, const Batch& batch,
                     jobs::AddMode mode);

}  // namespace zs::relational::job_sql
