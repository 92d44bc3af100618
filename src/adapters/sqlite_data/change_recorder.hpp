#pragma once

#include "adapters/sqlite_data/access.hpp"
#include "adapters/sqlite_data/virtual_tables.hpp"
#include "core/data/change_capture.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct sqlite3;

namespace zs::sqlite_data {

// What is recorded of changed rows: the change journal needs RowIds, subscribers need Values.
enum class Capture { Nothing, RowIds, Values };

// The rows of one table that a transaction may have changed.
struct TouchedRows {
    std::vector<std::int64_t> row_ids;  // in no order, with repetitions
    bool unknown = false;               // more than these
};
using TouchedTables = std::map<std::string, TouchedRows, std::less<>>;

// Sees every row that a connection changes, by SQLite's pre-update hook. It does two jobs:
// it records the changes of the current transaction while somebody subscribes to them; and it
// notices rows that a conflict clause (REPLACE) removed, which the authorizer cannot see. While
// neither is wanted there is no hook, and writes cost nothing more.
// Threading: as its connection. Lifetime: stays where it is as long as the connection is used.
class ChangeRecorder {
public:
    ChangeRecorder(sqlite3* connection, const VirtualTables& virtual_tables);
    ~ChangeRecorder();
    ChangeRecorder(const ChangeRecorder&) = delete;
    ChangeRecorder& operator=(const ChangeRecorder&) = delete;

    void set_capturing(Capture what);
    Capture capturing() const { return capturing_; }

    // A point to go back to when a statement or savepoint is undone.
    struct Mark {
        std::size_t changes = 0;
        std::size_t bytes = 0;
        std::size_t definitions = 0;
    };
    Mark mark() const { return {changes_.size(), bytes_, definitions_.size()}; }
    void undo_to(Mark mark);
    // The changes since the last take; nothing is recorded any more.
    data::ChangeSet take();
    // As take, for a commit that somebody hears of. What was not recorded from its begin on
    // (subscribed to meanwhile) or held a definition says "too large": read the table.
    data::ChangeSet take_commit();
    // A definition did this to tables and nothing to others, apart from rows that were recorded.
    void set_redefined(const std::vector<data::ChangedDefinition>& tables);
    void clear();

    // The tables of the current transaction. Rows of what was undone may be among them.
    const TouchedTables& touched() const { return touched_; }
    // touched() does not tell everything.
    bool touched_unknown() const { return capturing_ == Capture::Nothing; }
    // What take_commit() says of the tables' histories.
    void set_marks(std::vector<data::TableMark> marks) { marks_ = std::move(marks); }

    // Watches one statement for rows that vanish without a DELETE being authorised.
    void watch(const AccessList& accesses, const identity::Rights& rights);
    // The right that was missing, if any; ends watching.
    Result<void> end_watch();

private:
    static void callback(void* self, sqlite3* connection, int operation, const char* database,
                         const char* table, std::int64_t before, std::int64_t after);
    void install();
    bool is_internal(std::string_view table) const;
    void check_replaced(std::string_view table);
    void touch(int operation, std::string_view table, std::int64_t before, std::int64_t after);
    TouchedRows& touched_in(std::string_view table);
    void record(int operation, std::string_view table, std::int64_t before, std::int64_t after);
    void drop_changes();

    sqlite3* connection_;
    const VirtualTables& virtual_tables_;
    Capture capturing_ = Capture::Nothing;
    bool too_large_ = false;
    TouchedTables touched_;
    TouchedTables::iterator last_touched_ = touched_.end();
    std::vector<data::TableMark> marks_;
    std::size_t bytes_ = 0;
    std::vector<data::RowChange> changes_;
    std::vector<data::ChangedDefinition> definitions_;
    const AccessList* watched_ = nullptr;
    const identity::Rights* rights_ = nullptr;
    std::string replaced_in_;
};

}  // namespace zs::sqlite_data
