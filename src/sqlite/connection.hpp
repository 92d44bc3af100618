#pragma once

#include "base/error.hpp"
#include "sqlite/statement.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;

namespace zs::sqlite {

enum class OpenMode {
    ReadWriteCreate,  // creates the file and its folder's entry durably
    ReadOnly,         // the file exists; every write is refused by the engine (query_only)
};

struct ConnectionOptions {
    std::size_t cache_kib = 2048;                  // page cache, filled on demand
    unsigned page_bytes = 4096;                    // of a new file; others keep theirs
    std::uint64_t mmap_bytes = 0;                  // 0: pages are read, never mapped
    std::chrono::milliseconds busy_timeout{5000};  // for locks of other processes
    std::size_t statements_cached_max = 64;
    unsigned checkpoint_pages = 1000;  // write-ahead log pages before a checkpoint
};

// One open database: write-ahead log, synchronous=FULL, foreign keys enforced, double-quoted text
// refused, schema untrusted, defensive.
// Threading:  one thread at a time; it may move between threads between calls.
// Lifetime:   outlives its statements.
// Durability: a committed transaction survives power loss.
// Errors:     see errors.hpp.
class Connection {
public:
    static Result<Connection> open(const std::string& path, OpenMode mode,
                                   ConnectionOptions options = {});
    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;
    ~Connection();

    // Runs every statement of `script`; rows are dropped. Stops at the first error.
    Result<void> execute(std::string_view script);
    // Exactly one statement. Errors: InvalidArgument "multiple_statements" when more follow, and
    // "sql_syntax_error" for none at all.
    Result<Statement> prepare(std::string_view sql);
    // As prepare, from the cache by exact text; the statement goes back when it is destroyed. A
    // statement in use is never handed out twice.
    Result<Statement> prepare_cached(std::string_view sql);
    // Forgets what is cached; statements in use are not touched and are dropped when they come
    // back.
    void clear_statements();

    std::int64_t last_insert_rowid() const;
    std::int64_t changes() const;        // rows of the last INSERT, UPDATE or DELETE
    std::int64_t total_changes() const;  // since open, triggers and cascades included
    bool in_transaction() const;
    // Errors of the handle's last call, for code that uses handle() directly.
    Error last_error(int code, std::string_view sql = {}) const;
    sqlite3* handle() const;

private:
    struct State;
    explicit Connection(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace zs::sqlite
