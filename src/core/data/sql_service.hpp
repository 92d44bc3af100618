#pragma once

#include "async/task.hpp"
#include "core/data/limits.hpp"
#include "core/data/sql_engine.hpp"
#include "core/data/sql_request.hpp"
#include "core/data/vector_setting.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace zs::data {

// One statement as a caller asks for it.
struct SqlCall {
    std::string sql;
    std::vector<SqlValue> positional;
    std::vector<std::pair<std::string, SqlValue>> named;  // without the sigil
    std::optional<std::uint64_t> rows_max;                // nullopt: the default
    bool all_rows = false;                                // a stream: no row cap
    std::optional<std::chrono::milliseconds> timeout;     // nullopt: the default
    std::optional<std::size_t> ef_search;  // of vector indexes; nullopt: what was SET, or 64
    std::stop_token cancelled;
};

// The rules every statement meets before the engine sees it: size, number of parameters, how long
// and how many rows; and the metrics behind it. SET, RESET and SHOW of hnsw.ef_search it answers
// itself: they are about the caller's session, see SessionSettings.
// Threading: any.
// Errors:    as SqlEngine::execute, and InvalidArgument for empty text, too many parameters or a
//            timeout or row count out of range (details.field).
class SqlService {
public:
    SqlService(SqlEngine& engine, SqlLimits limits);

    async::Task<Result<SqlSummary>> execute(SqlCall call, identity::PrincipalPtr principal,
                                            std::shared_ptr<RowSink> sink);
    async::Task<Result<std::vector<TableInfo>>> tables(identity::PrincipalPtr principal);
    // Errors: NotFound "no_such_table", also for a table that the caller may not read.
    async::Task<Result<TableInfo>> table(identity::PrincipalPtr principal, std::string name);
    // The first `limit` rows of a table. Errors: as table().
    async::Task<Result<SqlSummary>> sample(identity::PrincipalPtr principal, std::string name,
                                           std::uint64_t limit, std::shared_ptr<RowSink> sink);

    // The request of `call`, checked; for statements inside transactions.
    Result<SqlRequest> prepare(SqlCall call, const identity::Principal& principal) const;
    const SqlLimits& limits() const { return limits_; }

private:
    std::size_t ef_search_of(const identity::Principal& principal) const;

    SqlEngine& engine_;
    SqlLimits limits_;
    SessionSettings sessions_;
};

// What SHOW asks for, as a statement of the engine.
std::string show_statement(std::size_t ef_search);
// What SET and RESET answer.
SqlSummary setting_summary();

// Counts one finished statement: sql_statements_total{kind,result}, sql_duration_seconds{kind}.
void count_statement(std::string_view kind, const Result<SqlSummary>& outcome,
                     std::chrono::steady_clock::duration took);

}  // namespace zs::data
