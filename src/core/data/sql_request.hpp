#pragma once

#include "async/deadline.hpp"
#include "base/error.hpp"
#include "core/data/limits.hpp"
#include "core/data/sql_value.hpp"
#include "core/identity/principal.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace zs::data {

// One statement with its parameters.
struct SqlRequest {
    std::string sql;
    std::vector<SqlValue> positional;                     // ?, ?1, $1
    std::vector<std::pair<std::string, SqlValue>> named;  // $name, :name, @name; without the sigil
    std::optional<std::uint64_t> rows_max;                // further rows: truncated; nullopt: all
    std::size_t ef_search = limits::kVectorEfDefault;     // of vector indexes
    async::Deadline deadline = async::Deadline::never();  // when passed: DeadlineExceeded, undone
    std::stop_token cancelled;                            // the client went away
    identity::Tenant tenant;
    std::shared_ptr<const identity::Rights> rights;
};

// How a column's values are shown; from the declared type, see http-api.md section 4.
enum class ColumnKind { Plain, Integer, Real, Boolean, Json, Blob, Vector };

struct ResultColumn {
    std::string name;  // unique: repeated names get _2, _3
    std::string type;  // declared type in upper case; for an expression the storage class
    ColumnKind kind = ColumnKind::Plain;
};

struct SqlSummary {
    bool is_query = false;                       // gave rows, or could have (RETURNING, EXPLAIN)
    std::uint64_t row_count = 0;                 // rows handed to the sink
    std::optional<std::uint64_t> affected_rows;  // set for DML; 0 for DDL
    bool truncated = false;
    bool wrote = false;
};

// Receives a result while it is made. Called on an engine thread, one call at a time, never after
// execute() has answered. A call may block the engine to slow it down (back-pressure); answering an
// error ends the statement with that error.
class RowSink {
public:
    virtual ~RowSink() = default;
    // Before the first row, also when there will be none. An expression's type is known here only
    // when a first row exists. Not called for statements that give no columns.
    virtual Result<void> columns(std::span<const ResultColumn> columns) = 0;
    virtual Result<void> row(std::span<const SqlValueView> values) = 0;
    // Before the first call: a call that waits gives up at `deadline` or when `cancelled` says so.
    virtual void bound_by(async::Deadline deadline, std::stop_token cancelled) {
        (void)deadline, (void)cancelled;
    }
};

}  // namespace zs::data
