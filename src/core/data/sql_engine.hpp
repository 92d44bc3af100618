#pragma once

#include "async/task.hpp"
#include "core/data/sql_request.hpp"
#include "core/data/table_info.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace zs::data {

// One open transaction: a connection of its own, a snapshot taken at its first statement.
// Threading: one call at a time. Lifetime: destroying an unfinished one rolls it back.
class EngineTransaction {
public:
    virtual ~EngineTransaction() = default;
    // Errors: as SqlEngine::execute; Conflict "serialization_failure" when another commit came
    // after the snapshot or the write lock could not be had in time: the transaction is then over.
    virtual async::Task<Result<SqlSummary>> execute(SqlRequest request,
                                                    std::shared_ptr<RowSink> sink) = 0;
    // Success means the work survives power loss. Errors: Conflict "serialization_failure".
    virtual async::Task<Result<void>> commit() = 0;
    virtual async::Task<void> rollback() = 0;
    virtual bool holds_write_lock() const = 0;
    // An error ended it (serialization_failure, or a write that was stopped midway): everything is
    // undone and nothing more can be done in it.
    virtual bool is_over() const = 0;
};

struct TransactionOptions {
    identity::Tenant tenant;
    bool read_only = false;
    bool write_now = false;  // take the write lock at begin
    std::chrono::milliseconds lock_wait{5000};
};

// What users query. One database per (organisation, environment), opened on demand.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: a success with `wrote` survives power loss.
// Errors:     InvalidArgument "sql_syntax_error", "no_such_table", "no_such_column", "sql_error",
//             "multiple_statements", "transaction_control" (details line, column, offset where
//             known); Forbidden "statement_not_allowed" for what nobody may do, "permission_denied"
//             for what these rights do not cover; Conflict "constraint_violation" (details
//             constraint, table, columns); Exhausted "too_many_statements"; Unavailable
//             "out_of_memory", "overloaded"; DeadlineExceeded; TooLarge "sql_too_long",
//             "result_too_large".
class SqlEngine {
public:
    virtual ~SqlEngine() = default;
    // Autocommit. `sink` may be null when no rows are wanted.
    virtual async::Task<Result<SqlSummary>> execute(SqlRequest request,
                                                    std::shared_ptr<RowSink> sink) = 0;
    virtual async::Task<Result<std::unique_ptr<EngineTransaction>>> begin(
        TransactionOptions options) = 0;
    // Tables and views that `rights` may read, by name.
    virtual async::Task<Result<std::vector<TableInfo>>> tables(
        identity::Tenant tenant, std::shared_ptr<const identity::Rights> rights) = 0;
    // Errors: NotFound "no_such_table".
    virtual async::Task<Result<TableInfo>> table(
        identity::Tenant tenant, std::string name,
        std::shared_ptr<const identity::Rights> rights) = 0;
};

}  // namespace zs::data
