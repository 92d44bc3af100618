#include "adapters/sqlite_data/authorizer.hpp"

#include "adapters/sqlite_data/text_indexes.hpp"
#include "base/encoding.hpp"
#include "sqlite/sql_text.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>

namespace zs::sqlite_data {
namespace {

using identity::Resource;
using identity::Right;

// Functions that reach outside the database or into the engine. What is not compiled in stands
// here, too: a build with another SQLite must not open a hole.
constexpr std::array<std::string_view, 11> kRefusedFunctions = {"load_extension",
                                                                "readfile",
                                                                "writefile",
                                                                "edit",
                                                                "fts3_tokenizer",
                                                                "fts5",
                                                                "sqlite_log",
                                                                "lsdir",
                                                                "fsdir",
                                                                "sqlite_compileoption_get",
                                                                "sqlite_compileoption_used"};

// Pragmas that only read the schema. The first group takes a table.
constexpr std::array<std::string_view, 5> kTablePragmas = {
    "table_info", "table_xinfo", "index_list", "foreign_key_list", "foreign_key_check"};
constexpr std::array<std::string_view, 3> kSchemaPragmas = {"table_list", "index_info",
                                                            "index_xinfo"};

constexpr std::string_view kPragmaTable = "pragma_";

template <class List>
bool contains(const List& list, std::string_view name) {
    return std::ranges::any_of(
        list, [&](std::string_view item) { return equals_ignoring_case(item, name); });
}

bool starts_with(std::string_view text, std::string_view prefix) {
    return equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

bool is_table_function(std::string_view name) {
    return equals_ignoring_case(name, "json_each") || equals_ignoring_case(name, "json_tree")
           || equals_ignoring_case(name, "jsonb_each") || equals_ignoring_case(name, "jsonb_tree")
           || equals_ignoring_case(name, "hnsw_search");
}

std::string_view view(const char* text) {
    return text == nullptr ? std::string_view() : text;
}

}  // namespace

bool is_reserved_name(std::string_view name) {
    return starts_with(name, "_zs_");
}

Authorizer::Authorizer(sqlite3* connection) {
    sqlite3_set_authorizer(connection, &Authorizer::callback, this);
}

void Authorizer::enter(const identity::Rights& rights, std::string_view sql) {
    rights_ = &rights;
    sql_ = sql;
    keyword_ = sqlite::first_keyword(sql);
    defines_ = keyword_ == "CREATE" || keyword_ == "ALTER" || keyword_ == "DROP";
    names_system_tables_ = defines_ && to_lower(sql).find("sqlite_") != std::string::npos;
    running_ = false;
    rewritten_ = false;
    subject_.clear();
    accesses_ = {};
    class_ = StatementClass::Query;
    denial_.reset();
}

void Authorizer::leave() {
    rights_ = nullptr;
    running_ = false;
}

std::optional<Error> Authorizer::take_denial() {
    return std::exchange(denial_, std::nullopt);
}

int Authorizer::callback(void* self, int action, const char* a, const char* b, const char* database,
                         const char* within) {
    auto& authorizer = *static_cast<Authorizer*>(self);
    if (authorizer.rights_ == nullptr) return SQLITE_OK;
    authorizer.in_view_or_trigger_ = within != nullptr;
    // A trigger of a full-text index keeps the server's own tables; nobody else can make one of
    // that name.
    if (is_text_index_name(view(within))) return SQLITE_OK;
    return authorizer.decide(action, view(a), view(b), view(database));
}

// FTS5 prepares statements of its own, on its own tables, while it opens and while it runs. They
// are neither in a view or trigger, nor in a text that has no reserved name in it.
bool Authorizer::is_done_by_full_text() const {
    return !in_view_or_trigger_ && to_lower(sql_).find("_zs_") == std::string::npos;
}

int Authorizer::deny(Error error) {
    if (!denial_) denial_ = std::move(error);
    return SQLITE_DENY;
}

int Authorizer::not_allowed(std::string what) {
    return deny(forbidden(std::move(what) + " is not allowed here", "statement_not_allowed"));
}

bool Authorizer::is_collection(std::string_view table) const {
    return !collections_.empty() && collections_.contains(to_lower(table));
}

int Authorizer::require(Resource resource, Right right, std::string_view table) {
    if (resource == Resource::Tables && is_collection(table)) {
        const int answer = require(Resource::Collections, right);
        if (answer != SQLITE_OK) return answer;
    }
    Access access;
    access.resource = resource;
    access.right = right;
    access.table = table;
    const bool allowed = allows(*rights_, access);
    if (!allowed) return deny(missing_access(access));
    if (!running_) accesses_.add(std::move(access));
    return SQLITE_OK;
}

int Authorizer::decide(int action, std::string_view a, std::string_view b,
                       std::string_view database) {
    switch (action) {
        case SQLITE_SELECT:
        case SQLITE_RECURSIVE: return SQLITE_OK;
        case SQLITE_READ: return decide_table(Right::Read, a);
        case SQLITE_INSERT: return decide_change(Right::Create, a);
        case SQLITE_UPDATE: return decide_change(Right::Update, a);
        case SQLITE_DELETE: return decide_change(Right::Delete, a);
        case SQLITE_FUNCTION: return decide_function(b);
        case SQLITE_PRAGMA: return decide_pragma(a, b);
        case SQLITE_TRANSACTION:
        case SQLITE_SAVEPOINT:
            return deny(invalid_argument(
                "transactions are begun and ended with /v1/transactions, not with SQL",
                "transaction_control"));
        case SQLITE_ATTACH: return not_allowed(keyword_ == "VACUUM" ? "VACUUM" : "ATTACH");
        case SQLITE_DETACH: return not_allowed("DETACH");
        default: break;
    }
    if (equals_ignoring_case(database, "temp")) return not_allowed("a temporary object");
    class_ = StatementClass::Definition;
    return decide_definition(action, a, b);
}

int Authorizer::decide_change(Right right, std::string_view table) {
    if (class_ == StatementClass::Query) class_ = StatementClass::Change;
    const int answer = decide_table(right, table);
    if (answer != SQLITE_OK || right != Right::Create || !virtual_tables_.contains(table)) {
        return answer;
    }
    // An INSERT into the column that is called like the table is a command, 'delete-all' one of
    // them.
    const int update = require(Resource::Tables, Right::Update, table);
    return update != SQLITE_OK ? update : require(Resource::Tables, Right::Delete, table);
}

// An index over an expression computes it for every row, and its errors tell what it found.
int Authorizer::decide_index(Right right, std::string_view name, std::string_view table) {
    // The engine makes these for UNIQUE and PRIMARY KEY; nobody asked for an index.
    if (right == Right::Create && starts_with(name, "sqlite_autoindex_")) return SQLITE_OK;
    if (is_reserved_name(name) || is_reserved_name(table)) return not_allowed("a reserved name");
    int answer = require(Resource::Indexes, right);
    if (answer != SQLITE_OK || right != Right::Create) return answer;
    answer = decide_unused_name(name);
    return answer != SQLITE_OK ? answer : decide_table(Right::Read, table);
}

int Authorizer::decide_unused_name(std::string_view name) {
    if (vector_indexes_.empty() || !vector_indexes_.contains(to_lower(name))) return SQLITE_OK;
    return deny(conflict("there is a vector index called '" + std::string(name)
                             + "': choose another name, or drop it first",
                         "index_exists"));
}

int Authorizer::decide_full_text(std::string_view name) {
    std::vector<std::string> contents = external_contents(sql_);
    if (contents.size() > 1) return not_allowed("more than one 'content' of a full-text table");
    const std::string content = contents.empty() ? std::string() : std::move(contents.front());
    if (!content.empty()) {
        const bool special = starts_with(content, "sqlite_") || starts_with(content, kPragmaTable)
                             || is_table_function(content) || virtual_tables_.is_shadow(content);
        if (special || !virtual_tables_.is_plain(content)) {
            return not_allowed("content='" + content + "', which is no ordinary table,");
        }
        const int readable = decide_table(Right::Read, content);
        if (readable != SQLITE_OK) return readable;
    }
    const int answer = decide_new_name(Right::Create, name, name);
    if (answer == SQLITE_OK) virtual_tables_.add(name, content);
    return answer;
}

int Authorizer::decide_definition(int action, std::string_view a, std::string_view b) {
    switch (action) {
        case SQLITE_CREATE_TABLE: subject_ = a; return decide_new_name(Right::Create, a, a);
        case SQLITE_CREATE_VIEW: return decide_new_name(Right::Create, a, a);
        case SQLITE_CREATE_TRIGGER: return decide_new_name(Right::Create, a, b);
        case SQLITE_DROP_TABLE: subject_ = a; return decide_new_name(Right::Delete, a, a);
        case SQLITE_DROP_VIEW: return decide_new_name(Right::Delete, a, a);
        case SQLITE_DROP_TRIGGER:
            // Those of a full-text index go with their table, and only so.
            if (is_text_index_name(a) && equals_ignoring_case(b, subject_)) return SQLITE_OK;
            return decide_new_name(Right::Delete, a, b);
        case SQLITE_ALTER_TABLE: {
            if (is_collection(b)) {
                return not_allowed(
                    "ALTER TABLE of a collection, whose columns its projection says,");
            }
            const int answer = decide_new_name(Right::Update, b, b);
            return answer != SQLITE_OK ? answer : decide_table(Right::Read, b);
        }
        case SQLITE_CREATE_INDEX: return decide_index(Right::Create, a, b);
        case SQLITE_DROP_INDEX: return decide_index(Right::Delete, a, b);
        case SQLITE_REINDEX:
            if (defines_) return SQLITE_OK;  // CREATE INDEX fills what it makes
            return require(Resource::Indexes, Right::Update);
        case SQLITE_ANALYZE: return require(Resource::Tables, Right::Update);
        case SQLITE_CREATE_VTABLE:
            if (!equals_ignoring_case(b, "fts5")) {
                return not_allowed("a virtual table of '" + std::string(b) + "'");
            }
            return decide_full_text(a);
        case SQLITE_DROP_VTABLE: return decide_new_name(Right::Delete, a, a);
        default: return not_allowed("this statement");
    }
}

// Something that gets or loses the name `name` and is governed by the rights on `table`.
int Authorizer::decide_new_name(Right right, std::string_view name, std::string_view table) {
    if (is_reserved_name(name) || is_reserved_name(table) || is_table_function(name)
        || starts_with(name, kPragmaTable)) {
        return not_allowed("the reserved name '" + std::string(name) + "'");
    }
    if (starts_with(name, "sqlite_")) {
        // Of these the engine itself would let the statistics go.
        if (right == Right::Delete) return not_allowed("dropping a system table");
        return keyword_ == "ANALYZE" || defines_ ? SQLITE_OK : not_allowed("a system table");
    }
    if (virtual_tables_.is_shadow(name)) {
        return running_ ? SQLITE_OK : not_allowed("a table of the full-text index");
    }
    const int answer = require(Resource::Tables, right, table);
    const bool made = right == Right::Create && name == table;  // a trigger is called as it likes
    return answer == SQLITE_OK && made ? decide_unused_name(name) : answer;
}

int Authorizer::decide_table(Right right, std::string_view table) {
    if (is_text_index_name(table) && is_done_by_full_text()) return SQLITE_OK;
    if (rewritten_ && right == Right::Read && table == "_zs_nearest") return SQLITE_OK;
    if (is_reserved_name(table))
        return not_allowed("the reserved name '" + std::string(table) + "'");
    if (starts_with(table, "sqlite_")) return decide_system_table(right, table);
    // A real table of that name (of an older server) keeps its rights.
    if (right == Right::Read && is_table_function(table)
        && !virtual_tables_.hides_function(table)) {
        return SQLITE_OK;
    }
    if (starts_with(table, kPragmaTable)) {
        const auto pragma = table.substr(kPragmaTable.size());
        // ALTER TABLE … ADD COLUMN … CHECK looks whether the rows there pass.
        if (keyword_ == "ALTER" && equals_ignoring_case(pragma, "quick_check")) return SQLITE_OK;
        if (contains(kTablePragmas, pragma) || contains(kSchemaPragmas, pragma)) return SQLITE_OK;
        return not_allowed("PRAGMA " + std::string(pragma));
    }
    if (const auto owner = virtual_tables_.owner_of_shadow(table)) {
        if (is_own_work()) return SQLITE_OK;
        if (right == Right::Read) return require(Resource::Tables, right, *owner);
        return not_allowed("a table of the full-text index");
    }
    if (right == Right::Read) {
        // CREATE TABLE looks at the columns of what it makes, which has no rows yet.
        if (defines_ && equals_ignoring_case(table, subject_)) return SQLITE_OK;
        const std::string content = virtual_tables_.content_of(table);
        if (!content.empty()) {
            if (!virtual_tables_.is_plain(content)) {
                return not_allowed("a full-text table over '" + content
                                   + "', which is no ordinary table,");
            }
            const int answer = require(Resource::Tables, right, content);
            if (answer != SQLITE_OK) return answer;
        }
    }
    return require(Resource::Tables, right, table);
}

int Authorizer::decide_system_table(Right right, std::string_view table) {
    // Definitions write the schema, and statistics and sequences along with it. What a CREATE TABLE
    // … AS SELECT reads is the caller's own doing; it has to spell the name, or to use a view.
    const bool asked_for = right == Right::Read && (names_system_tables_ || in_view_or_trigger_);
    const bool maintains = defines_ || keyword_ == "ANALYZE" || keyword_ == "REINDEX";
    if (maintains && !asked_for) return SQLITE_OK;
    if (right == Right::Read && starts_with(table, "sqlite_stat")) {
        return not_allowed("reading '" + std::string(table) + "', which holds rows of all tables,");
    }
    if (right == Right::Read) return require(Resource::Tables, Right::Read);
    return not_allowed("writing the system table '" + std::string(table) + "'");
}

int Authorizer::decide_pragma(std::string_view name, std::string_view argument) {
    // Full-text search asks this by itself, to notice changes by others.
    if (running_ && equals_ignoring_case(name, "data_version")) return SQLITE_OK;
    const bool checks_rows = running_ && keyword_ == "ALTER";
    if (checks_rows && equals_ignoring_case(name, "quick_check")) return SQLITE_OK;
    if (contains(kTablePragmas, name)) {
        if (argument.empty()) return require(Resource::Tables, Right::Read);
        return decide_table(Right::Read, argument);
    }
    if (contains(kSchemaPragmas, name)) return require(Resource::Tables, Right::Read);
    return not_allowed("PRAGMA " + std::string(name));
}

int Authorizer::decide_function(std::string_view name) {
    const bool ours = rewritten_ && name == "_zs_counted";
    if ((is_reserved_name(name) && !ours) || contains(kRefusedFunctions, name)) {
        return not_allowed("the function " + std::string(name));
    }
    return SQLITE_OK;
}

}  // namespace zs::sqlite_data
