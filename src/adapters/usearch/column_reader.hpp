#pragma once

#include "adapters/usearch/live_column.hpp"
#include "async/blocking_pool.hpp"
#include "async/deadline.hpp"
#include "core/data/sql_engine.hpp"

#include <memory>

namespace zs::usearch {

// What the table looks like now. Errors: NotFound "no_such_table", "no_such_column";
// InvalidArgument "not_a_vector" for a view.
async::Task<Result<ColumnShape>> look_at_column(data::SqlEngine& engine, data::VectorColumn column);

// Reads the table into the column, unless somebody else does; then waits for that. Commits come in
// through the column's queue meanwhile. Errors: as look_at_column; DeadlineExceeded; what the
// engine says.
async::Task<Result<void>> read_column(data::SqlEngine& engine, async::BlockingPool& pool,
                                      std::shared_ptr<LiveColumn> column, async::Deadline deadline);

}  // namespace zs::usearch
