#include "adapters/relational/sqlite/sqlite_database.hpp"

#include "adapters/relational/sqlite/reader_pool.hpp"
#include "adapters/relational/sqlite/sqlite_session.hpp"
#include "sqlite/checkpointer.hpp"
#include "sqlite/group_writer.hpp"

namespace zs::relational {
namespace {

// What a busy queue changes lies in it; filled on demand.
constexpr std::size_t kWriterCacheKib = 16 * 1024;

}  // namespace

struct SqliteDatabase::State {
    State(const SqliteConfig& config, sqlite::Connection connection)
        : readers(config.path, config.readers_max),
          lock(std::make_shared<sqlite::WriteLock>()),
          checkpointer(config.path, lock, {}),
          writer(watched(std::move(connection)), lock,
                 sqlite::GroupWriter::Limits{.queue_max = config.write_queue_max}) {}

    sqlite::Connection watched(sqlite::Connection connection) {
        checkpointer.watch(connection);
        return connection;
    }

    ReaderPool readers;
    std::shared_ptr<sqlite::WriteLock> lock;
    sqlite::Checkpointer checkpointer;
    sqlite::GroupWriter writer;
};

SqliteDatabase::SqliteDatabase(std::unique_ptr<State> state, async::BlockingPool& blocking)
    : state_(std::move(state)), blocking_(blocking) {}

SqliteDatabase::~SqliteDatabase() = default;

Result<std::unique_ptr<Database>> SqliteDatabase::open(SqliteConfig config,
                                                       async::BlockingPool& blocking) {
    auto options = connection_options();
    options.cache_kib = kWriterCacheKib;
    auto connection =
        sqlite::Connection::open(config.path, sqlite::OpenMode::ReadWriteCreate, options);
    if (!connection) return std::move(connection).error();
    auto state = std::make_unique<State>(config, std::move(*connection));
    return std::unique_ptr<Database>(new SqliteDatabase(std::move(state), blocking));
}

std::uint64_t SqliteDatabase::commits() const {
    return state_->writer.commits();
}

async::Task<Result<void>> SqliteDatabase::run_body(Access access, Body body) {
    if (access == Access::Read) co_return co_await run_read(std::move(body));
    auto work = [body = std::move(body)](sqlite::Connection& connection) -> Result<void> {
        SqliteSession session(connection);
        return session.verdict(body(session));
    };
    co_return co_await state_->writer.run(std::move(work));
}

async::Task<Result<void>> SqliteDatabase::run_read(Body body) {
    auto work = [this, body = std::move(body)]() -> Result<void> {
        return state_->readers.with_reader_blocking(
            [&](sqlite::Connection& reader) -> Result<void> {
                auto begun = reader.execute("begin");  // the snapshot is the first statement's
                if (!begun) return begun;
                SqliteSession session(reader);
                return session.verdict(body(session));
            });
    };
    co_return co_await blocking_.run(std::move(work));
}

}  // namespace zs::relational
