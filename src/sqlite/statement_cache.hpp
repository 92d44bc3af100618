#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3_stmt;

namespace zs::sqlite {

// Prepared statements that nobody uses now, by exact text, least recently used out first.
// Threading: as its connection.
class StatementCache {
public:
    explicit StatementCache(std::size_t entries_max) : entries_max_(entries_max) {}
    ~StatementCache() { close(); }
    StatementCache(const StatementCache&) = delete;
    StatementCache& operator=(const StatementCache&) = delete;

    // Null when there is none. It is no longer in the cache then.
    sqlite3_stmt* take(std::string_view sql);
    // `statement` is reset and unbound.
    void give(sqlite3_stmt* statement, std::string sql);
    // Finalizes everything, and whatever comes back later.
    void close();

private:
    struct Entry {
        std::string sql;
        sqlite3_stmt* statement;
    };
    void drop_oldest();

    std::size_t entries_max_;
    std::list<Entry> entries_;  // the most recent first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_text_;
    bool closed_ = false;
};

}  // namespace zs::sqlite
