#pragma once

#include "adapters/usearch/live_column.hpp"
#include "async/blocking_pool.hpp"
#include "async/deadline.hpp"
#include "core/data/change_journal.hpp"
#include "core/data/sql_engine.hpp"

#include <memory>
#include <stop_token>

namespace zs::usearch {

// What the table looks like now. Errors: NotFound "no_such_table", "no_such_column";
// InvalidArgument "not_a_vector" for a view.
async::Task<Result<ColumnShape>> look_at_column(data::SqlEngine& engine, data::VectorColumn column);

// Where a column's vectors come from.
struct ColumnSources {
    data::SqlEngine& engine;
    data::ChangeJournal* journal = nullptr;  // null: nobody tells what changed
    async::BlockingPool& pool;
};

struct ReadingTerms {
    Placement placement = Placement::Mapped;
    async::Deadline deadline = async::Deadline::never();  // for waiting
    std::stop_token cancelled;
};

// Brings the column up to date, unless somebody else does; then waits for that. What is in memory
// or stored is taken as it is and the rows that changed since are looked up; when nobody can tell
// which, the table is read and compared. Commits come in through the column's queue meanwhile.
// Errors: as look_at_column; DeadlineExceeded; what the engine says.
async::Task<Result<void>> read_column(ColumnSources sources, std::shared_ptr<LiveColumn> column,
                                      ReadingTerms terms);

}  // namespace zs::usearch
