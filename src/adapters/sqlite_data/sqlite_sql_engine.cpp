#include "adapters/sqlite_data/sqlite_sql_engine.hpp"

#include "adapters/sqlite_data/database_registry.hpp"
#include "adapters/sqlite_data/row_buffer.hpp"
#include "adapters/sqlite_data/sqlite_transaction.hpp"
#include "adapters/sqlite_data/table_catalog.hpp"
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
        if (session_) database_->give_session(Use::Read, std::move(session_));
    }
    EngineConnection& engine() { return session_->engine; }
    sqlite::Connection& connection() { return session_->connection; }

private:
    Reader(TenantDatabase& database, std::unique_ptr<Session> session)
        : database_(&database), session_(std::move(session)) {}
    TenantDatabase* database_;
    std::unique_ptr<Session> session_;
};

// Empty: the statement writes, so it is the writer's.
using MaybeRead = std::optional<data::SqlSummary>;

Result<MaybeRead> read_blocking(TenantDatabase& database, const data::SqlRequest& request,
                                data::RowSink* sink) {
    auto reader = Reader::take(database);
    if (!reader) return std::move(reader).error();
    auto prepared = reader->engine().prepare(request);
    if (!prepared) return std::move(prepared).error();
    if (!(*prepared)->read_only) return MaybeRead();
    auto summary = reader->engine().run(**prepared, request, sink);
    if (!summary) return std::move(summary).error();
    return MaybeRead(*summary);
}

Error too_many_statements() {
    return exhausted("too many statements run at once in this environment: retry in a moment",
                     "too_many_statements");
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
    written.rows = std::make_shared<RowBuffer>();
    written.read_only = (*prepared)->read_only;
    const bool defines = (*prepared)->statement_class == StatementClass::Definition;
    auto summary = engine.run(**prepared, request, written.rows.get());
    if (!summary) return std::move(summary).error();
    written.summary = *summary;
    if (defines) database.schema_changed();
    return written;
}

async::Task<Result<data::SqlSummary>> write(async::BlockingPool& pool, Database database,
                                            RequestPtr request, SinkPtr sink) {
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
    if (sink && written->rows->has_columns()) {
        // A sink may wait for its client, which neither the writer nor an io thread may do.
        auto replay = [rows = written->rows, sink] { return rows->replay(*sink); };
        auto replayed = co_await pool.run(std::move(replay));
        if (!replayed) co_return std::move(replayed).error();
    }
    co_return written->summary;
}

}  // namespace

struct SqliteSqlEngine::State {
    State(SqliteDataOptions given, async::BlockingPool& blocking)
        : options(std::move(given)),
          pool(blocking),
          hub(std::make_shared<ChangeHub>()),
          databases(options, blocking, hub) {}

    SqliteDataOptions options;
    async::BlockingPool& pool;
    std::shared_ptr<ChangeHub> hub;
    DatabaseRegistry databases;
};

SqliteSqlEngine::SqliteSqlEngine(SqliteDataOptions options, async::BlockingPool& pool)
    : state_(std::make_unique<State>(std::move(options), pool)) {
    if (sqlite3_compileoption_used("OMIT_XFER_OPT") != 0) return;
    log::warn("this SQLite copies a table (INSERT … SELECT *) without asking for the right to read "
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
    const auto shared = std::make_shared<const data::SqlRequest>(std::move(request));
    const Route route = database->route_of(shared->sql);
    if (route != Route::Write) {
        const auto patience = async::Deadline::after(state_->options.concurrent_wait);
        auto turn = co_await database->statements().acquire(shared->deadline.sooner(patience));
        if (!turn) {
            co_return exhausted(
                "too many statements run at once in this environment: retry in a "
                "moment",
                "too_many_statements");
        }
        auto read = [database, shared, sink] {
            return read_blocking(*database, *shared, sink.get());
        };
        auto outcome = co_await state_->pool.run(std::move(read));
        if (!outcome) co_return std::move(outcome).error();
        if (*outcome) {
            if (route == Route::Unknown) database->remember_route(shared->sql, Route::Read);
            co_return std::move(**outcome);
        }
    }
    co_return co_await write(state_->pool, database, shared, std::move(sink));
}

async::Task<Result<std::unique_ptr<data::EngineTransaction>>> SqliteSqlEngine::begin(
    data::TransactionOptions options) {
    auto opened = co_await state_->databases.get(options.tenant);
    if (!opened) co_return std::move(opened).error();
    co_return co_await SqliteTransaction::begin(state_->pool, std::move(*opened),
                                                std::move(options));
}

async::Task<Result<std::vector<data::TableInfo>>> SqliteSqlEngine::tables(
    identity::Tenant tenant, std::shared_ptr<const identity::Rights> rights) {
    auto opened = co_await state_->databases.get(std::move(tenant));
    if (!opened) co_return std::move(opened).error();
    auto list = [database = std::move(*opened), rights]() -> Result<std::vector<data::TableInfo>> {
        auto reader = Reader::take(*database);
        if (!reader) return std::move(reader).error();
        return list_tables(reader->connection(), *rights);
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
        return find_table(reader->connection(), name, *rights);
    };
    co_return co_await state_->pool.run(std::move(find));
}

void SqliteSqlEngine::subscribe(std::shared_ptr<data::ChangeSubscriber> subscriber) {
    state_->hub->subscribe(std::move(subscriber));
}

void SqliteSqlEngine::unsubscribe(const std::shared_ptr<data::ChangeSubscriber>& subscriber) {
    state_->hub->unsubscribe(subscriber);
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
