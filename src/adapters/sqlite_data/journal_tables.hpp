#pragma once

#include "adapters/sqlite_data/change_recorder.hpp"
#include "base/error.hpp"
#include "core/data/change_journal.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::sqlite {
class Connection;
}

namespace zs::sqlite_data {

// The histories of a tenant's followed tables, in the table _zs_change_journal of its database: one
// row per commit and table with the ids of the rows it changed. What is followed is known here,
// too, so that every transaction can tell at its end what it has to add.
//
// Everything that writes calls note_blocking() before its COMMIT and one of committed() and
// rolled_back() after it, under the database's write lock. A table is in here before it has its
// first entry, and until its last one is gone for good: what is noted needlessly does no harm.
// Threading: any; what has a connection runs on that connection's thread, under the write lock
//            where it writes.
class JournalTables {
public:
    struct Followed {
        std::uint64_t last = 0;  // number of the newest entry; 0: there is none yet
        std::size_t bytes = 0;   // of entries, since it was followed or loaded
    };
    using Histories = std::map<std::string, Followed>;  // names in lower case

    // What an earlier run followed.
    static Result<Histories> read_blocking(sqlite::Connection& connection);
    void begin_with(Histories histories);
    bool any() const { return any_.load(std::memory_order_relaxed); }
    // How much of a transaction has to be recorded.
    Capture capture(bool has_subscribers) const {
        return has_subscribers ? Capture::Values : any() ? Capture::RowIds : Capture::Nothing;
    }

    Result<void> note_blocking(sqlite::Connection& connection, ChangeRecorder& recorder);
    void committed();
    void rolled_back();

    // Changes of this table are recorded from the next transaction on.
    void expect(const std::string& table);
    // As the port says; inside a transaction.
    Result<data::ChangeMark> follow_blocking(sqlite::Connection& connection,
                                             const std::string& table);
    Result<void> unfollow_blocking(sqlite::Connection& connection, const std::string& table);
    static Result<void> trim_blocking(sqlite::Connection& connection, const std::string& table,
                                      data::ChangeMark mark);
    // On any reader.
    static Result<std::optional<data::TableChanges>> changes_since_blocking(
        sqlite::Connection& connection, const std::string& table, data::ChangeMark mark);

private:
    std::optional<Followed> find(const std::string& table) const;

    mutable std::mutex mutex_;
    Histories followed_;
    std::vector<std::string> leaving_;  // once the transaction is committed
    std::atomic<bool> any_{false};
};

}  // namespace zs::sqlite_data
