#include "adapters/sqlite_data/tenant_database.hpp"

#include "sqlite/sql_text.hpp"

namespace zs::sqlite_data {
namespace {

// Longer texts are hardly ever sent twice, and what is remembered must not fill the memory.
constexpr std::size_t kRouteTextMax = 1024;
constexpr std::size_t kRoutesMax = 1024;

// Documents and vectors are long, and each page of a bulk load costs two calls of the system.
constexpr unsigned kPageBytes = 8192;

// What begins like this changes something, so that a first look on a reader would be wasted.
Route route_by_keyword(std::string_view sql) {
    const std::string keyword = sqlite::first_keyword(sql);
    for (const std::string_view word : {"INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER",
                                        "DROP", "ANALYZE", "REINDEX"}) {
        if (keyword == word) return Route::Write;
    }
    return Route::Unknown;
}

}  // namespace

Error too_many_statements() {
    return exhausted("too many statements run at once in this environment: retry in a moment",
                     "too_many_statements");
}

// Records what each of the writer's transactions changes and publishes it once it is durable.
class TenantDatabase::Observer final : public sqlite::WriteObserver {
public:
    explicit Observer(TenantDatabase& database) : database_(database) {}

    void transaction_begins(sqlite::Connection& connection) override {
        database_.commits().begins();
        database_.writer_engine(connection).set_capturing(database_.capture());
    }
    void work_begins() override { mark_ = recorder().mark(); }
    void work_undone() override { recorder().undo_to(mark_); }
    Result<void> before_commit(sqlite::Connection& connection) override {
        return database_.journal().note_blocking(connection, recorder());
    }
    void committed() override {
        database_.journal().committed();
        if (database_.hub().has_subscribers()) {
            database_.hub().publish(database_.tenant(), recorder().take_commit());
        } else {
            recorder().clear();
        }
        database_.commits().ended();
    }
    void rolled_back() override {
        database_.journal().rolled_back();
        recorder().clear();
        database_.commits().ended();
    }

private:
    ChangeRecorder& recorder() { return database_.writer_engine_->recorder(); }

    TenantDatabase& database_;
    ChangeRecorder::Mark mark_;
};

Result<std::shared_ptr<TenantDatabase>> TenantDatabase::open_blocking(
    const identity::Tenant& tenant, const std::string& path, const SqliteDataOptions& options,
    std::shared_ptr<ChangeHub> hub) {
    sqlite::ConnectionOptions wanted;
    wanted.cache_kib = options.writer_cache_kib;
    wanted.page_bytes = kPageBytes;
    auto writer = sqlite::Connection::open(path, sqlite::OpenMode::ReadWriteCreate, wanted);
    if (!writer) return std::move(writer).error();
    auto histories = JournalTables::read_blocking(*writer);
    if (!histories) return std::move(histories).error();
    auto database =
        std::make_shared<TenantDatabase>(tenant, path, options, std::move(hub), std::move(*writer));
    database->journal().begin_with(std::move(*histories));
    return database;
}

TenantDatabase::TenantDatabase(identity::Tenant tenant, std::string path,
                               const SqliteDataOptions& options, std::shared_ptr<ChangeHub> hub,
                               sqlite::Connection writer)
    : tenant_(std::move(tenant)),
      path_(std::move(path)),
      options_(options),
      hub_(std::move(hub)),
      statements_(options.concurrent_max),
      streams_(options.streams_max),
      returned_rows_(std::make_shared<RowBudget>(options.returning_bytes_max)),
      write_lock_(std::make_shared<sqlite::WriteLock>()),
      checkpointer_(path_, write_lock_, {}) {
    checkpointer_.watch(writer);
    sqlite::GroupWriter::Limits limits;
    limits.queue_max = options.write_queue_max;
    writer_ = std::make_unique<sqlite::GroupWriter>(std::move(writer), write_lock_, limits,
                                                    std::make_shared<Observer>(*this));
}

TenantDatabase::~TenantDatabase() {
    writer_.reset();
}

EngineConnection& TenantDatabase::writer_engine(sqlite::Connection& connection) {
    if (!writer_engine_) writer_engine_.emplace(connection, options_, definitions_);
    return *writer_engine_;
}

Result<std::unique_ptr<Session>> TenantDatabase::take_session_blocking(Use use) {
    auto& idle = use == Use::Read ? idle_readers_ : idle_transactions_;
    {
        const std::lock_guard lock(mutex_);
        if (!idle.empty()) {
            auto session = std::move(idle.back());
            idle.pop_back();
            return session;
        }
    }
    sqlite::ConnectionOptions wanted;
    wanted.cache_kib = options_.reader_cache_kib;
    wanted.mmap_bytes = use == Use::Read ? options_.reader_mmap_bytes : 0;
    const auto mode =
        use == Use::Read ? sqlite::OpenMode::ReadOnly : sqlite::OpenMode::ReadWriteCreate;
    auto opened = sqlite::Connection::open(path_, mode, wanted);
    if (!opened) return std::move(opened).error();
    if (use == Use::Transaction) checkpointer_.watch(*opened);
    return std::make_unique<Session>(std::move(*opened), options_, definitions_);
}

void TenantDatabase::give_session(Use use, std::unique_ptr<Session> session) {
    auto& idle = use == Use::Read ? idle_readers_ : idle_transactions_;
    const std::lock_guard lock(mutex_);
    if (idle.size() < options_.idle_readers_max) idle.push_back(std::move(session));
}

Route TenantDatabase::route_of(const std::string& sql) {
    {
        const std::lock_guard lock(mutex_);
        const auto found = routes_.find(sql);
        if (found != routes_.end()) return found->second;
    }
    return route_by_keyword(sql);
}

void TenantDatabase::remember_route(const std::string& sql, Route route) {
    if (sql.size() > kRouteTextMax) return;
    const std::lock_guard lock(mutex_);
    if (routes_.size() >= kRoutesMax) routes_.clear();
    routes_[sql] = route;
}

}  // namespace zs::sqlite_data
