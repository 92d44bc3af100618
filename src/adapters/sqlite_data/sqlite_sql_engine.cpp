#include "adapters/sqlite_data/sqlite_sql_engine.hpp"

#include "adapters/sqlite_data/database_registry.hpp"
#include "adapters/sqlite_data/definition_changes.hpp"
#include "adapters/sqlite_data/row_buffer.hpp"
#include "adapters/sqlite_data/sqlite_transaction.hpp"
#include "adapters/sqlite_data/table_catalog.hpp"
#include "adapters/sqlite_data/text_indexes.hpp"
#include "adapters/sqlite_data/vector_index_ddl.hpp"
#include "base/log.hpp"

#include <sqlite3.h>

namespace zs::sqlite_data {
namespace {

using Database = std::shared_ptr<TenantDatabase>;
using RequestPtr = std::shared_ptr<const data::SqlRequest>;
using SinkPtr = std::shared_ptr<data::RowSink>;
using Use = TenantDatabase::Use;

// A reader's session, given back on every way out.
class Reader {
public:
    static Result<Reader> take(TenantDatabase& database) {
        auto session = database.take_session_blocking(Use::Read);
        if (!session) return std::move(session).error();
        return Reader(database, std::move(*session));
    }
    Reader(Reader&&) = default;
    Reader& operator=(Reader&&) = delete;
    ~Reader() {
        if (!session_) return;
        session_->engine.use_indexes({});
        database_->give_session(Use::Read, std::move(session_));
    }
    EngineConnection& engine() { return session_->engine; }
    sqlite::Connection& connection() { return session_->connection; }

private:
    Reader(TenantDatabase& database, std::unique_ptr<Session> session)
        : database_(&database), session_(std::move(session)) {}
    TenantDatabase* database_;
    std::unique_ptr<Session> session_;
};

// Both empty: the statement writes, so it is the writer's.
struct ReadOutcome {
    std::optional<data::SqlSummary> summary;
    std::optional<data::VectorQuery> unread;  // of an index that has to be read first
};

Result<ReadOutcome> read_blocking(TenantDatabase& database, const data::SqlRequest& request,
                                  data::RowSink* sink, const IndexUse& use) {
    auto reader = Reader::take(database);
    if (!reader) return std::move(reader).error();
    reader->engine().use_indexes(use);
    auto prepared = reader->engine().prepare(request);
    if (!prepared) return std::move(prepared).error();
    ReadOutcome outcome;
    if (!(*prepared)->read_only) return outcome;
    auto summary = reader->engine().run(**prepared, request, sink);
    outcome.unread = reader->engine().take_unread();
    if (!summary && outcome.unread) return outcome;
    if (!summary) return std::move(summary).error();
    outcome.unread.reset();
    outcome.summary = *summary;
    return outcome;
}

// On a reader, in its turn.
async::Task<Result<ReadOutcome>> read(Pools pools, std::chrono::milliseconds patience,
                                      Database database, RequestPtr request, SinkPtr sink,
                                      IndexUse use) {
    const bool streams = is_stream(*request, sink.get());
    auto& line = streams ? database->streams() : database->statements();
    auto turn = line.try_acquire();
    if (!turn) {
        const auto until = request->deadline.sooner(async::Deadline::after(patience));
        auto waited = co_await line.acquire(until);
        if (!waited) co_return too_many_statements();
        turn = std::move(*waited);
    }
    auto work = [database, request, sink, use = std::move(use)] {
        return read_blocking(*database, *request, sink.get(), use);
    };
    auto& pool = streams ? pools.streams : pools.work;
    co_return co_await pool.run(std::move(work));
}

struct Written {
    data::SqlSummary summary;
    std::shared_ptr<RowBuffer> rows;
    bool read_only = false;
};

Result<Written> write_blocking(TenantDatabase& database, sqlite::Connection& connection,
                               const data::SqlRequest& request) {
    EngineConnection& engine = database.writer_engine(connection);
    auto prepared = engine.prepare(request);
    if (!prepared) return std::move(prepared).error();
    Written written;
    written.rows = std::make_shared<RowBuffer>(database.returned_rows());
    written.read_only = (*prepared)->read_only;
    const bool defines = (*prepared)->statement_class == StatementClass::Definition;
    std::optional<DefinitionChanges> definition;
    if (defines) {
        auto before = DefinitionChanges::before(connection, request.sql);
        if (!before) return std::move(before).error();
        definition = std::move(*before);
    }
    auto summary = engine.run(**prepared, request, written.rows.get());
    if (!summary) return std::move(summary).error();
    written.summary = *summary;
    if (defines) {
        auto tables = definition->tables_after(connection);
        if (!tables) return std::move(tables).error();
        engine.recorder().set_redefined(*tables);
        database.schema_changed();
        auto tidied = definition->tidy_vector_indexes(connection);
        if (tidied) tidied = drop_orphaned_text_indexes(connection);
        if (!tidied) return std::move(tidied).error();
    }
    return written;
}

// Few rows are quicker written than handed to another thread.
constexpr std::size_t kReplayHereBytesMax = std::size_t{1} << 20;

// Gives the rows of a write that is durable. An error now would invite the client to repeat what
// happened, so what cannot be given is cut off: the summary says "truncated".
async::Task<data::SqlSummary> replay(Pools pools, RequestPtr request, SinkPtr sink,
                                     Written written) {
    data::SqlSummary summary = written.summary;
    // A local, so that their memory is given back before the caller goes on.
    const auto rows = std::move(written.rows);
    const auto given = std::make_shared<std::uint64_t>(0);
    auto work = [rows, sink, given] { return rows->replay(*sink, *given); };
    Result<void> done;
    if (is_stream(*request, sink.get())) {
        done = co_await pools.streams.run(std::move(work));
    } else if (rows->bytes() <= kReplayHereBytesMax) {
        done = work();
    } else {
        done = co_await pools.work.run(std::move(work));
    }
    if (!done) {
        summary.truncated = true;
        summary.row_count = *given;
    }
    co_return summary;
}

async::Task<Result<data::SqlSummary>> write(Pools pools, Database database, RequestPtr request,
                                            SinkPtr sink) {
    sqlite::WriteOptions options;
    options.deadline = request->deadline;
    options.cancelled = request->cancelled;
    // The writer's own thread must never hold the last reference to the database it belongs to.
    auto work = [home = database.get(), request](sqlite::Connection& connection) {
        return write_blocking(*home, connection, *request);
    };
    auto written = co_await database->writer().run(std::move(work), std::move(options));
    if (!written) co_return std::move(written).error();
    // Only now is the new schema what a reader finds.
    if (written->summary.affected_rows && *written->summary.affected_rows == 0) {
        database->schema_changed();
    }
    database->remember_route(request->sql, written->read_only ? Route::Read : Route::Write);
    if (!sink || !written->rows->has_columns()) co_return written->summary;
    co_return co_await replay(pools, std::move(request), std::move(sink), std::move(*written));
}

}  // namespace

struct SqliteSqlEngine::State {
    State(SqliteDataOptions given, async::BlockingPool& blocking)
        : options(std::move(given)),
          pool(blocking),
          hub(std::make_shared<ChangeHub>()),
          databases(options, blocking, hub),
          streams("sql-stream", {.threads = options.stream_threads, .queue_max = 1024}) {}

    Pools pools() { return Pools{pool, streams}; }

    SqliteDataOptions options;
    async::BlockingPool& pool;
    std::shared_ptr<ChangeHub> hub;
    DatabaseRegistry databases;
    std::atomic<data::VectorIndexes*> indexes{nullptr};
    async::BlockingPool streams;  // last: what it still runs uses the rest
};

SqliteSqlEngine::SqliteSqlEngine(SqliteDataOptions options, async::BlockingPool& pool)
    : state_(std::make_unique<State>(std::move(options), pool)) {
    if (sqlite3_compileoption_used("OMIT_XFER_OPT") != 0) return;
    log::warn(
        "this SQLite copies a table (INSERT … SELECT *) without asking for the right to read "
        "it; build with the SQLite of deps/ where rights per table matter");
}

SqliteSqlEngine::~SqliteSqlEngine() = default;

async::Task<Result<data::SqlSummary>> SqliteSqlEngine::execute(data::SqlRequest request,
                                                               SinkPtr sink) {
    Database database = state_->databases.find(request.tenant);
    if (!database) {
        auto opened = co_await state_->databases.get(request.tenant);
        if (!opened) co_return std::move(opened).error();
        database = std::move(*opened);
    }
    data::VectorIndexes* const indexes = state_->indexes;
    if (indexes != nullptr && may_be_index_statement(request.sql)) {
        auto done = co_await run_index_statement(*database, *indexes, state_->pool, request);
        if (!done) co_return std::move(done).error();
        if (*done) co_return **done;
    }
    const auto shared = std::make_shared<const data::SqlRequest>(std::move(request));
    const Route route = database->route_of(shared->sql);
    if (route != Route::Write) {
        const Pools pools = state_->pools();
        const auto patience = state_->options.concurrent_wait;
        IndexUse use;
        use.indexes = indexes;
        use.waits_for_reading = true;
        auto outcome = co_await read(pools, patience, database, shared, sink, use);
        if (outcome && outcome->unread) {
            // What it finds is of no interest; that it could look is. Not in its turn any more,
            // because the reading needs one.
            (void)co_await indexes->search(std::move(*outcome->unread));
            use.waits_for_reading = false;
            outcome = co_await read(pools, patience, database, shared, sink, use);
        }
        if (!outcome) co_return std::move(outcome).error();
        if (outcome->summary) {
            if (route == Route::Unknown) database->remember_route(shared->sql, Route::Read);
            co_return *outcome->summary;
        }
    }
    const Pools pools = state_->pools();
    co_return co_await write(pools, database, shared, std::move(sink));
}

void SqliteSqlEngine::use_vector_indexes(data::VectorIndexes* indexes) {
    state_->indexes = indexes;
}

async::Task<Result<std::unique_ptr<data::EngineTransaction>>> SqliteSqlEngine::begin(
    data::TransactionOptions options) {
    auto opened = co_await state_->databases.get(options.tenant);
    if (!opened) co_return std::move(opened).error();
    const Pools pools = state_->pools();
    co_return co_await SqliteTransaction::begin(pools, std::move(*opened), std::move(options),
                                                state_->indexes);
}

async::Task<Result<std::vector<data::TableInfo>>> SqliteSqlEngine::tables(
    identity::Tenant tenant, std::shared_ptr<const identity::Rights> rights) {
    auto opened = co_await state_->databases.get(std::move(tenant));
    if (!opened) co_return std::move(opened).error();
    auto list = [database = std::move(*opened), rights]() -> Result<std::vector<data::TableInfo>> {
        auto reader = Reader::take(*database);
        if (!reader) return std::move(reader).error();
        return list_tables(reader->engine(), *rights);
    };
    co_return co_await state_->pool.run(std::move(list));
}

async::Task<Result<data::TableInfo>> SqliteSqlEngine::table(
    identity::Tenant tenant, std::string name, std::shared_ptr<const identity::Rights> rights) {
    auto opened = co_await state_->databases.get(std::move(tenant));
    if (!opened) co_return std::move(opened).error();
    auto find = [database = std::move(*opened), name = std::move(name),
                 rights]() -> Result<data::TableInfo> {
        auto reader = Reader::take(*database);
        if (!reader) return std::move(reader).error();
        return find_table(reader->engine(), name, *rights);
    };
    co_return co_await state_->pool.run(std::move(find));
}

void SqliteSqlEngine::subscribe(std::shared_ptr<data::ChangeSubscriber> subscriber) {
    state_->hub->subscribe(std::move(subscriber));
}

void SqliteSqlEngine::unsubscribe(const std::shared_ptr<data::ChangeSubscriber>& subscriber) {
    state_->hub->unsubscribe(subscriber);
}

async::Task<Result<Database>> SqliteSqlEngine::database(identity::Tenant tenant) {
    co_return co_await state_->databases.get(std::move(tenant));
}

DatabaseRegistry& SqliteSqlEngine::databases() {
    return state_->databases;
}

async::BlockingPool& SqliteSqlEngine::pool() {
    return state_->pool;
}

async::Task<Result<void>> SqliteSqlEngine::open(identity::Tenant tenant) {
    auto opened = co_await state_->databases.get(std::move(tenant));
    if (!opened) co_return std::move(opened).error();
    co_return Result<void>();
}

std::size_t SqliteSqlEngine::databases_open() const {
    return state_->databases.open_count();
}

async::Task<std::uint64_t> SqliteSqlEngine::commits(identity::Tenant tenant) {
    auto opened = co_await state_->databases.get(std::move(tenant));
    co_return opened ? (*opened)->writer().commits() : 0;
}

}  // namespace zs::sqlite_data
