#pragma once

#include "adapters/sqlite_data/access.hpp"
#include "adapters/sqlite_data/virtual_tables.hpp"
#include "base/error.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>

struct sqlite3;

namespace zs::sqlite_data {

enum class StatementClass { Query, Change, Definition };

// Decides what the current caller's statement may touch, from what the engine reports while it
// prepares it: tables, columns and operations really used, also through views and triggers. It
// stays active while the statement runs, because a changed schema makes the engine prepare again.
//
// Between enter() and leave() there is a caller; outside, the server itself works and everything is
// allowed.
// Threading: as its connection. Lifetime: stays where it is as long as the connection is used.
class Authorizer {
public:
    explicit Authorizer(sqlite3* connection);
    Authorizer(const Authorizer&) = delete;
    Authorizer& operator=(const Authorizer&) = delete;

    // `keyword` is the statement's first word in upper case. It only tells the engine's own nested
    // work (CREATE writing sqlite_schema) from a statement that tries the same by itself.
    void enter(const identity::Rights& rights, std::string_view sql);
    void leave();
    // From here on the engine runs; what full-text search does to its own tables is its business.
    // Not so what a view or trigger names: a changed schema makes the engine prepare them again.
    void begin_running() { running_ = true; }
    // What is compiled or run next is our own text of the caller's statement, which reads
    // _zs_nearest. Until the next enter().
    void allow_rewritten() { rewritten_ = true; }

    // What prepare found. Valid until the next enter().
    AccessList take_accesses() { return std::move(accesses_); }
    StatementClass statement_class() const { return class_; }
    // Why the engine answered SQLITE_AUTH.
    std::optional<Error> take_denial();

    VirtualTables& virtual_tables() { return virtual_tables_; }
    // Tables that back a collection: they need the same right on collections. Lower case.
    void set_collections(std::set<std::string, std::less<>> names) {
        collections_ = std::move(names);
    }
    // Vector indexes are not the engine's, which would give their names away again. Lower case.
    void set_vector_indexes(std::set<std::string, std::less<>> names) {
        vector_indexes_ = std::move(names);
    }

private:
    static int callback(void* self, int action, const char* a, const char* b, const char* database,
                        const char* trigger);
    int decide(int action, std::string_view a, std::string_view b, std::string_view database);
    int decide_change(identity::Right right, std::string_view table);
    int decide_index(identity::Right right, std::string_view name, std::string_view table);
    int decide_definition(int action, std::string_view a, std::string_view b);
    int decide_unused_name(std::string_view name);
    int decide_full_text(std::string_view name);
    int decide_new_name(identity::Right right, std::string_view name, std::string_view table);
    int decide_table(identity::Right right, std::string_view table);
    int decide_system_table(identity::Right right, std::string_view table);
    int decide_pragma(std::string_view name, std::string_view argument);
    int decide_function(std::string_view name);
    int require(identity::Resource resource, identity::Right right, std::string_view table = {});
    bool is_own_work() const { return running_ && !in_view_or_trigger_; }
    bool is_done_by_full_text() const;
    bool is_collection(std::string_view table) const;
    int deny(Error error);
    int not_allowed(std::string what);

    const identity::Rights* rights_ = nullptr;
    std::string_view sql_;
    std::string keyword_;
    bool in_view_or_trigger_ = false;   // what is reported now is not in the text itself
    bool names_system_tables_ = false;  // the text does
    bool defines_ = false;              // CREATE, ALTER, DROP
    bool running_ = false;
    bool rewritten_ = false;
    std::string subject_;  // the table that a definition is about
    AccessList accesses_;
    StatementClass class_ = StatementClass::Query;
    std::optional<Error> denial_;
    VirtualTables virtual_tables_;
    std::set<std::string, std::less<>> collections_;
    std::set<std::string, std::less<>> vector_indexes_;
};

// Names that belong to the server ("_zs_…"): no statement may use them.
bool is_reserved_name(std::string_view name);

}  // namespace zs::sqlite_data
