#pragma once

#include "adapters/sqlite_data/tenant_database.hpp"
#include "adapters/sqlite_data/vector_index_statement.hpp"
#include "async/blocking_pool.hpp"
#include "async/task.hpp"
#include "core/data/vector_indexes.hpp"

#include <optional>

namespace zs::sqlite_data {

// Runs CREATE INDEX … USING hnsw, and DROP INDEX of such an index, with the caller's rights. Empty:
// the statement is another one. An index is made when its graph serves, or the deadline passed:
// then it exists all the same, and is still being built.
// Lifetime: all that it is given outlives it.
async::Task<Result<std::optional<data::SqlSummary>>> run_index_statement(
    TenantDatabase& database, data::VectorIndexes& indexes, async::BlockingPool& pool,
    const data::SqlRequest& request);

}  // namespace zs::sqlite_data
