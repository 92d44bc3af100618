#pragma once

#include "adapters/sqlite_data/authorizer.hpp"
#include "adapters/sqlite_data/change_recorder.hpp"
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

// A statement as the engine compiled it, and what is known about it from that.
struct Prepared {
    sqlite::Statement statement;
    AccessList accesses;
    StatementClass statement_class = StatementClass::Query;
    bool read_only = false;
    bool explains = false;
    ResultColumns columns;
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
    void set_capturing(bool on);
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
    Result<sqlite::Statement> prepare_text(const std::string& sql,
                                           std::optional<EditedSql>& edited);
    Result<data::SqlSummary> step_through(Prepared& prepared, const data::SqlRequest& request,
                                          data::RowSink* sink);
    Result<data::SqlSummary> explain(Prepared& prepared, data::RowSink* sink);

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
    Entries entries_;  // the most recent first
    std::unordered_map<std::string_view, Entries::iterator> by_text_;
    std::unique_ptr<Prepared> uncached_;
};

// Gives every parameter of `statement` its value from the request, which has to stay.
// Errors: InvalidArgument naming the parameter that has none, or the values that are too many.
Result<void> bind_parameters(sqlite::Statement& statement, const data::SqlRequest& request);

}  // namespace zs::sqlite_data
