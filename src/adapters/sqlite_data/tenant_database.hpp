#pragma once

#include "adapters/sqlite_data/change_hub.hpp"
#include "adapters/sqlite_data/commit_count.hpp"
#include "adapters/sqlite_data/engine_connection.hpp"
#include "adapters/sqlite_data/journal_tables.hpp"
#include "adapters/sqlite_data/options.hpp"
#include "adapters/sqlite_data/row_buffer.hpp"
#include "async/blocking_pool.hpp"
#include "async/turnstile.hpp"
#include "sqlite/checkpointer.hpp"
#include "sqlite/group_writer.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace zs::sqlite_data {

// A connection with what statements need on it. The engine part refers to the connection, so the
// two stay together.
struct Session {
    Session(sqlite::Connection opened, const SqliteDataOptions& options,
            const std::atomic<std::uint64_t>& definitions)
        : connection(std::move(opened)), engine(connection, options, definitions) {}
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    sqlite::Connection connection;
    EngineConnection engine;
};

// Where blocking work runs. A stream keeps its thread for as long as its client reads, so streams
// have threads of their own: a commit must never wait behind them.
struct Pools {
    async::BlockingPool& work;
    async::BlockingPool& streams;
};

// Without a limit of rows the sink waits for its client.
inline bool is_stream(const data::SqlRequest& request, const data::RowSink* sink) {
    return sink != nullptr && !request.rows_max;
}

Error too_many_statements();

// How a statement text turned out to behave; only a hint about where to run it.
enum class Route { Unknown, Read, Write };

// The open database of one tenant: one group-committing writer, some readers, connections for REST
// transactions, and the line in which writers wait.
// Threading: any. Lifetime: held by whoever works with it; the last one closes it.
class TenantDatabase {
public:
    static Result<std::shared_ptr<TenantDatabase>> open_blocking(const identity::Tenant& tenant,
                                                                 const std::string& path,
                                                                 const SqliteDataOptions& options,
                                                                 std::shared_ptr<ChangeHub> hub);
    TenantDatabase(identity::Tenant tenant, std::string path, const SqliteDataOptions& options,
                   std::shared_ptr<ChangeHub> hub, sqlite::Connection writer);
    ~TenantDatabase();

    const identity::Tenant& tenant() const { return tenant_; }
    sqlite::GroupWriter& writer() { return *writer_; }
    // For work inside the writer only.
    EngineConnection& writer_engine(sqlite::Connection& connection);
    sqlite::WriteLock& write_lock() { return *write_lock_; }
    async::Turnstile& statements() { return statements_; }
    // Results that a slow client may hold for long: counted apart, so that they stop nobody else.
    async::Turnstile& streams() { return streams_; }
    ChangeHub& hub() { return *hub_; }
    CommitCount& commits() { return commits_; }
    JournalTables& journal() { return journal_; }
    // What a transaction that begins now has to record.
    Capture capture() const { return journal_.capture(hub_->has_subscribers()); }
    const std::shared_ptr<RowBudget>& returned_rows() { return returned_rows_; }

    enum class Use { Read, Transaction };
    Result<std::unique_ptr<Session>> take_session_blocking(Use use);
    void give_session(Use use, std::unique_ptr<Session> session);

    Route route_of(const std::string& sql);
    void remember_route(const std::string& sql, Route route);
    // Some connection changed the schema.
    void schema_changed() { ++definitions_; }

private:
    class Observer;

    identity::Tenant tenant_;
    std::string path_;
    SqliteDataOptions options_;
    std::shared_ptr<ChangeHub> hub_;
    JournalTables journal_;
    std::atomic<std::uint64_t> definitions_{0};
    CommitCount commits_;
    async::Turnstile statements_;
    async::Turnstile streams_;
    std::shared_ptr<RowBudget> returned_rows_;
    std::shared_ptr<sqlite::WriteLock> write_lock_;
    sqlite::Checkpointer checkpointer_;  // before all that it watches

    std::mutex mutex_;
    std::vector<std::unique_ptr<Session>> idle_readers_;
    std::vector<std::unique_ptr<Session>> idle_transactions_;
    std::unordered_map<std::string, Route> routes_;

    // Before the writer: what is compiled on its connection goes after its thread has ended.
    std::optional<EngineConnection> writer_engine_;
    std::unique_ptr<sqlite::GroupWriter> writer_;
};

}  // namespace zs::sqlite_data
