#pragma once

#include "adapters/sqlite_data/authorizer.hpp"
#include "adapters/sqlite_data/change_recorder.hpp"
#include "adapters/sqlite_data/known_indexes.hpp"
#include "adapters/sqlite_data/nearest_form.hpp"
#include "adapters/sqlite_data/nearest_search.hpp"
#include "adapters/sqlite_data/nearest_tables.hpp"
#include "adapters/sqlite_data/options.hpp"
#include "adapters/sqlite_data/result_columns.hpp"
#include "adapters/sqlite_data/sql_edits.hpp"
#include "adapters/sqlite_data/statement_control.hpp"
#include "adapters/sqlite_data/vector_columns.hpp"
#include "adapters/sqlite_data/vector_functions.hpp"
#include "core/data/sql_request.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/memory_guard.hpp"

#include <atomic>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace zs::sqlite_data {

struct RewrittenSql;

// The same statement once more, for the candidates of a vector index. Which of the two is run is
// found out each time.
struct NearestPlan {
    KnownIndex index;
    bool filtered = false;
    sqlite::Statement statement;
    ResultColumns columns;
    sqlite::Statement arguments;  // the vector, LIMIT and OFFSET
    double passing = 1;           // the share of rows that passed the filter the last time
    std::int64_t table_rows = 0;  // about, the last time; only with a filter
};

// A statement as the engine compiled it, and what is known about it from that.
struct Prepared {
    sqlite::Statement statement;
    AccessList accesses;
    StatementClass statement_class = StatementClass::Query;
    bool read_only = false;
    bool explains = false;
    ResultColumns columns;
    std::unique_ptr<NearestPlan> nearest = nullptr;  // null: no index fits
};

// One database connection on which callers' statements run: authorised, limited, cached.
// Threading: one thread at a time. Lifetime: the sqlite::Connection outlives it and stays in place.
class EngineConnection {
public:
    // `definitions` grows whenever some connection changed the schema.
    EngineConnection(sqlite::Connection& connection, const SqliteDataOptions& options,
                     const std::atomic<std::uint64_t>& definitions);

    // Compiles the request's statement, or takes it from the cache, and checks the caller's rights.
    // The answer lives until the next prepare.
    Result<Prepared*> prepare(const data::SqlRequest& request);
    // Runs what prepare answered. `sink` may be null. Forbidden, errors and limits as SqlEngine
    // says.
    Result<data::SqlSummary> run(Prepared& prepared, const data::SqlRequest& request,
                                 data::RowSink* sink);

    // From here on; nothing until then.
    void use_indexes(IndexUse use) { nearest_.use(std::move(use)); }
    // After a run that failed: the search of an index that has to be read before it is run again.
    std::optional<data::VectorQuery> take_unread() { return nearest_.take_unread(); }

    // Holds the server's own reading to the limits of a statement, and to `request`'s deadline.
    class OwnWork {
    public:
        OwnWork(EngineConnection& engine, const data::SqlRequest& request);
        ~OwnWork();
        OwnWork(const OwnWork&) = delete;
        OwnWork& operator=(const OwnWork&) = delete;

    private:
        EngineConnection& engine_;
        sqlite::MemoryScope memory_;
    };

    // Compiles the request's statement under the caller's rights, for work that runs it many times
    // by itself, inside a Bulk.
    Result<std::unique_ptr<Prepared>> compile_once(const data::SqlRequest& request);

    // While it lives, statements of compile_once() run with the rights and limits of `request`.
    class Bulk {
    public:
        Bulk(EngineConnection& engine, const data::SqlRequest& request);
        ~Bulk();
        Bulk(const Bulk&) = delete;
        Bulk& operator=(const Bulk&) = delete;
        // What an error of the engine means here.
        Error translate(Error error) const { return engine_.translate(std::move(error)); }

    private:
        EngineConnection& engine_;
        sqlite::MemoryScope memory_;
    };

    // While on, changed rows are recorded.
    void set_capturing(Capture what);
    // A definition was undone: what is known of the schema is read again.
    void forget_schema() { schema_stale_ = true; }
    ChangeRecorder& recorder() { return recorder_; }
    sqlite::Connection& connection() { return connection_; }

private:
    struct Entry {
        std::string sql;
        std::unique_ptr<Prepared> prepared;
    };
    using Entries = std::list<Entry>;

    Prepared* find(std::string_view sql);
    Result<std::unique_ptr<Prepared>> compile(const data::SqlRequest& request);
    Prepared* keep(const std::string& sql, std::unique_ptr<Prepared> prepared);
    void drop(const Prepared& prepared);
    void clear();
    void refresh_schema();
    Error translate(Error error);
    Result<void> refuse_drop(const std::string& sql) const;
    Result<sqlite::Statement> prepare_text(const std::string& sql, RewrittenSql& rewritten);
    Result<data::SqlSummary> run_here(Prepared& prepared, const data::SqlRequest& request,
                                      data::RowSink* sink);
    Result<data::SqlSummary> step_through(Prepared& prepared, const data::SqlRequest& request,
                                          data::RowSink* sink);
    Result<bool> first_step(sqlite::Statement& statement, ResultColumns& columns,
                            const data::SqlRequest& request);
    // From the row on where `statement` stands.
    Result<data::SqlSummary> give_rows(const Prepared& prepared, sqlite::Statement& statement,
                                       ResultColumns& columns, bool row_is_there,
                                       const data::SqlRequest& request, data::RowSink* sink);
    Result<data::SqlSummary> explain(sqlite::Statement& statement, data::RowSink* sink);

    struct NearestArguments;
    class Execution;
    std::unique_ptr<NearestPlan> compile_nearest(NearestSql nearest,
                                                 const data::SqlRequest& request);
    // Empty: the index is of no use this time.
    Result<std::optional<data::SqlSummary>> run_nearest(Prepared& prepared,
                                                        const data::SqlRequest& request,
                                                        data::RowSink* sink);
    void learn_from_comparing(NearestPlan& plan) const;
    std::optional<NearestArguments> read_arguments(NearestPlan& plan,
                                                   const data::SqlRequest& request);

    sqlite::Connection& connection_;
    SqliteDataOptions options_;
    const std::atomic<std::uint64_t>& definitions_;
    std::uint64_t definitions_seen_ = 0;
    bool schema_stale_ = true;
    Authorizer authorizer_;
    StatementControl control_;
    ChangeRecorder recorder_;
    VectorFunctions vector_functions_;
    VectorColumns vector_columns_;
    KnownIndexes known_indexes_;
    NearestSearch nearest_;
    NearestTables nearest_tables_;
    Entries entries_;  // the most recent first
    std::unordered_map<std::string_view, Entries::iterator> by_text_;
    std::unique_ptr<Prepared> uncached_;
};

// Gives every parameter of `statement` its value from the request, which has to stay.
// Errors: InvalidArgument naming the parameter that has none, or the values that are too many.
Result<void> bind_parameters(sqlite::Statement& statement, const data::SqlRequest& request);
// Of a part of the request's statement, which may leave values over.
Result<void> bind_some_parameters(sqlite::Statement& statement, const data::SqlRequest& request);

}  // namespace zs::sqlite_data
