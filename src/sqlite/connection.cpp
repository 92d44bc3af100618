#include "sqlite/connection.hpp"

#include "sqlite/errors.hpp"
#include "sqlite/memory_guard.hpp"
#include "sqlite/sql_text.hpp"
#include "sqlite/statement_cache.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <climits>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace zs::sqlite {
namespace {

constexpr std::int64_t kJournalBytesKept = std::int64_t{64} << 20;

// A new file is safe only once its folder's entry is on disk.
void sync_folder_of(const std::string& path) {
    const auto folder = std::filesystem::path(path).parent_path();
    const int fd =
        ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    ::fsync(fd);
    ::close(fd);
}

std::string pragmas(OpenMode mode, const ConnectionOptions& options) {
    std::string sql =
        fmt::format("PRAGMA cache_size=-{};PRAGMA mmap_size={};PRAGMA synchronous=FULL;",
                    options.cache_kib, options.mmap_bytes);
    if (mode == OpenMode::ReadOnly) return sql + "PRAGMA query_only=ON;";
    return sql
           + fmt::format(
               "PRAGMA page_size={};PRAGMA journal_mode=WAL;PRAGMA journal_size_limit={};",
               options.page_bytes, kJournalBytesKept);
}

}  // namespace

struct Connection::State {
    sqlite3* handle = nullptr;
    ConnectionOptions options;
    std::shared_ptr<StatementCache> cache;

    ~State() {
        if (cache) cache->close();
        sqlite3_close_v2(handle);
    }

    Result<sqlite3_stmt*> prepare(std::string_view sql, unsigned flags) {
        if (sql.size() > INT_MAX) return too_large("the SQL text is too long", "sql_too_long");
        sqlite3_stmt* statement = nullptr;
        const char* rest = nullptr;
        const int code = sqlite3_prepare_v3(handle, sql.data(), static_cast<int>(sql.size()), flags,
                                            &statement, &rest);
        if (code != SQLITE_OK) return to_error(handle, code, sql);
        if (statement == nullptr) {
            return invalid_argument("SQL parsing failed: there is no statement",
                                    "sql_syntax_error");
        }
        const auto used = static_cast<std::size_t>(rest - sql.data());
        if (!is_empty_sql(sql.substr(used))) {
            sqlite3_finalize(statement);
            const Position at = position_of(sql, skip_blank(sql, used));
            return invalid_argument("only one statement at a time: another one begins at line "
                                        + std::to_string(at.line) + ", column "
                                        + std::to_string(at.column),
                                    "multiple_statements")
                .with("line", at.line)
                .with("column", at.column);
        }
        return statement;
    }
};

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::open(const std::string& path, OpenMode mode,
                                    ConnectionOptions options) {
    install_memory_guard();
    const bool create = mode == OpenMode::ReadWriteCreate;
    const bool is_new = create && ::access(path.c_str(), F_OK) != 0;
    auto state = std::make_unique<State>();
    state->options = options;
    state->cache = std::make_shared<StatementCache>(options.statements_cached_max);
    // A reader of a write-ahead log writes its shared-memory file, so it opens for writing, too;
    // query_only keeps it from changing anything.
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
                      | (create ? SQLITE_OPEN_CREATE : 0);
    const int code = sqlite3_open_v2(path.c_str(), &state->handle, flags, nullptr);
    if (code != SQLITE_OK) return to_error(state->handle, code);
    sqlite3* const db = state->handle;
    sqlite3_busy_timeout(db, static_cast<int>(options.busy_timeout.count()));
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_wal_autocheckpoint(db, static_cast<int>(options.checkpoint_pages));
    Connection connection(std::move(state));
    auto configured = connection.execute(pragmas(mode, options));
    if (!configured) return std::move(configured).error();
    if (is_new) sync_folder_of(path);
    return connection;
}

Result<void> Connection::execute(std::string_view script) {
    while (!is_empty_sql(script)) {
        sqlite3_stmt* statement = nullptr;
        const char* rest = nullptr;
        const int code = sqlite3_prepare_v2(state_->handle, script.data(),
                                            static_cast<int>(script.size()), &statement, &rest);
        if (code != SQLITE_OK) return to_error(state_->handle, code, script);
        script.remove_prefix(static_cast<std::size_t>(rest - script.data()));
        if (statement == nullptr) continue;
        Statement owned(statement, {});
        auto done = owned.run();
        if (!done) return std::move(done).error();
    }
    return {};
}

Result<Statement> Connection::prepare(std::string_view sql) {
    auto statement = state_->prepare(sql, 0);
    if (!statement) return std::move(statement).error();
    return Statement(*statement, sql);
}

Result<Statement> Connection::prepare_cached(std::string_view sql) {
    if (sqlite3_stmt* const known = state_->cache->take(sql)) {
        return Statement(known, sql, state_->cache);
    }
    auto statement = state_->prepare(sql, SQLITE_PREPARE_PERSISTENT);
    if (!statement) return std::move(statement).error();
    return Statement(*statement, sql, state_->cache);
}

void Connection::clear_statements() {
    state_->cache->close();
    state_->cache = std::make_shared<StatementCache>(state_->options.statements_cached_max);
}

std::int64_t Connection::last_insert_rowid() const {
    return sqlite3_last_insert_rowid(state_->handle);
}

std::int64_t Connection::changes() const {
    return sqlite3_changes64(state_->handle);
}

std::int64_t Connection::total_changes() const {
    return sqlite3_total_changes64(state_->handle);
}

bool Connection::in_transaction() const {
    return sqlite3_get_autocommit(state_->handle) == 0;
}

Error Connection::last_error(int code, std::string_view sql) const {
    return to_error(state_->handle, code, sql);
}

sqlite3* Connection::handle() const {
    return state_->handle;
}

}  // namespace zs::sqlite
