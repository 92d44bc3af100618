#include "adapters/sqlite_data/text_index_sql.hpp"

#include "adapters/sqlite_data/authorizer.hpp"
#include "adapters/sqlite_data/text_indexes.hpp"
#include "base/encoding.hpp"
#include "base/json_writer.hpp"
#include "core/data/identifier.hpp"
#include "core/data/limits.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace zs::sqlite_data {
namespace {

using data::quote_name;
using data::TextIndexDefinition;
using data::TextTokenizer;

constexpr std::string_view kPrefix = "_zs_text_";
constexpr std::string_view kExists =
    "SELECT 1 FROM sqlite_schema WHERE type='table' AND name='_zs_text_indexes'";
constexpr std::string_view kCreateCatalog =
    "CREATE TABLE IF NOT EXISTS _zs_text_indexes (id INTEGER PRIMARY KEY, columns TEXT NOT NULL, "
    "tokenizer TEXT NOT NULL, filled_to INTEGER NOT NULL, ready INTEGER NOT NULL)";
// The insert trigger knows its table also after a renaming.
constexpr std::string_view kList =
    "SELECT i.id, i.columns, i.tokenizer, i.filled_to, i.ready, s.tbl_name FROM _zs_text_indexes i "
    "JOIN sqlite_schema s ON s.type='trigger' AND s.name='_zs_text_' || i.id || '_i' "
    "ORDER BY s.tbl_name COLLATE NOCASE";

std::string table_of(std::int64_t id) {
    return fmt::format("{}{}", kPrefix, id);
}

Result<bool> catalog_exists(sqlite::Connection& connection) {
    auto query = connection.prepare_cached(kExists);
    if (!query) return std::move(query).error();
    return query->step();
}

std::string_view fts5_tokenizer(TextTokenizer tokenizer) {
    switch (tokenizer) {
        case TextTokenizer::Unicode: return "unicode61 remove_diacritics 2";
        case TextTokenizer::Porter: return "porter unicode61 remove_diacritics 2";
        case TextTokenizer::Trigram: return "trigram";
    }
    return "unicode61";
}

std::string json_of(const std::vector<std::string>& names) {
    boost::json::array array;
    for (const auto& name : names)
        array.push_back(json_text(name));
    return write_json(array);
}

// A row that another version wrote and this one cannot read is no index.
std::optional<StoredTextIndex> read_row(const sqlite::Statement& row) {
    StoredTextIndex stored;
    stored.id = row.integer(0);
    boost::system::error_code failed;
    const auto columns = boost::json::parse(std::string(row.text(1)), failed);
    const auto tokenizer = parse_text(std::type_identity<TextTokenizer>(), row.text(2));
    if (failed || !columns.is_array() || !tokenizer) return std::nullopt;
    for (const auto& column : columns.get_array()) {
        if (!column.is_string()) return std::nullopt;
        stored.definition.columns.emplace_back(column.get_string());
    }
    stored.definition.tokenizer = *tokenizer;
    stored.filled_to = row.integer(3);
    stored.ready = row.integer(4) != 0;
    stored.definition.table = row.text(5);
    return stored;
}

Result<void> run_with_id(sqlite::Connection& connection, std::string_view sql, std::int64_t id) {
    auto statement = connection.prepare_cached(sql);
    if (!statement) return std::move(statement).error();
    auto bound = statement->bind_all(id);
    if (!bound) return bound;
    return statement->run();
}

Error not_indexable(std::string message) {
    return invalid_field("table", std::move(message), "not_indexable");
}

// The table's name as it was created. Errors: NotFound; InvalidArgument "not_indexable".
Result<std::string> resolve_table(sqlite::Connection& connection, std::string_view name) {
    auto query = connection.prepare_cached(
        "SELECT name, type, wr FROM pragma_table_list WHERE schema='main' "
        "AND name=?1 COLLATE NOCASE");
    if (!query) return std::move(query).error();
    auto bound = query->bind(1, name);
    if (!bound) return std::move(bound).error();
    const auto row = query->step();
    if (!row) return row.error();
    if (!*row || is_reserved_name(name) || name.starts_with("sqlite_")) {
        return not_found("no such table: " + std::string(name), "no_such_table");
    }
    if (query->text(1) != "table") {
        return not_indexable("'" + std::string(name) + "' is no ordinary table");
    }
    if (query->integer(2) != 0) {
        return not_indexable("'" + std::string(name) + "' has no row ids (WITHOUT ROWID)");
    }
    return std::string(query->text(0));
}

// The column's name as it was created; "" when there is none.
Result<std::string> resolve_column(sqlite::Connection& connection, std::string_view table,
                                   std::string_view name) {
    auto query = connection.prepare_cached(
        "SELECT name FROM pragma_table_xinfo(?1) WHERE name=?2 COLLATE NOCASE");
    if (!query) return std::move(query).error();
    auto bound = query->bind_all(table, name);
    if (!bound) return std::move(bound).error();
    const auto row = query->step();
    if (!row) return row.error();
    return *row ? std::string(query->text(0)) : std::string();
}

}  // namespace

bool is_text_index_name(std::string_view name) {
    return equals_ignoring_case(name.substr(0, kPrefix.size()), kPrefix);
}

Result<std::vector<StoredTextIndex>> read_text_indexes(sqlite::Connection& connection) {
    std::vector<StoredTextIndex> all;
    const auto exists = catalog_exists(connection);
    if (!exists) return exists.error();
    if (!*exists) return all;
    auto query = connection.prepare_cached(kList);
    if (!query) return std::move(query).error();
    while (true) {
        const auto row = query->step();
        if (!row) return row.error();
        if (!*row) return all;
        if (auto stored = read_row(*query)) all.push_back(std::move(*stored));
    }
}

Result<std::optional<StoredTextIndex>> find_text_index(sqlite::Connection& connection,
                                                       std::string_view table) {
    auto all = read_text_indexes(connection);
    if (!all) return std::move(all).error();
    for (auto& each : *all) {
        if (equals_ignoring_case(each.definition.table, table))
            return std::optional<StoredTextIndex>(std::move(each));
    }
    return std::optional<StoredTextIndex>();
}

Result<std::uint64_t> count_text_rows(sqlite::Connection& connection, std::int64_t id) {
    auto query = connection.prepare("SELECT count(*) FROM " + table_of(id) + "_docsize");
    if (!query) return std::move(query).error();
    const auto row = query->step();
    if (!row) return row.error();
    return static_cast<std::uint64_t>(query->integer(0));
}

Result<TextIndexDefinition> resolve_text_index(sqlite::Connection& connection,
                                               TextIndexDefinition wanted) {
    auto table = resolve_table(connection, wanted.table);
    if (!table) return std::move(table).error();
    wanted.table = std::move(*table);
    auto hidden = resolve_column(connection, wanted.table, "rowid");
    if (!hidden) return std::move(hidden).error();
    if (!hidden->empty()) {
        return not_indexable("a table with a column named 'rowid' cannot be indexed for full text");
    }
    for (auto& column : wanted.columns) {
        auto name = resolve_column(connection, wanted.table, column);
        if (!name) return std::move(name).error();
        if (name->empty()) {
            return not_found("no such column: " + wanted.table + "." + column, "no_such_column");
        }
        // Names that FTS5 keeps for itself.
        if (equals_ignoring_case(*name, "rank") || equals_ignoring_case(*name, "rowid")) {
            return not_indexable("a column named '" + *name + "' cannot be indexed for full text");
        }
        column = std::move(*name);
    }
    return wanted;
}

Result<std::int64_t> add_text_index(sqlite::Connection& connection,
                                    const TextIndexDefinition& definition) {
    auto created = connection.execute(kCreateCatalog);
    if (!created) return std::move(created).error();
    auto add = connection.prepare_cached(
        "INSERT INTO _zs_text_indexes (columns, tokenizer, filled_to, ready) "
        "VALUES (?1, ?2, -9223372036854775808, 0)");
    if (!add) return std::move(add).error();
    auto bound = add->bind_all(json_of(definition.columns), to_text(definition.tokenizer));
    if (!bound) return std::move(bound).error();
    auto done = add->run();
    if (!done) return std::move(done).error();
    return connection.last_insert_rowid();
}

Result<void> note_text_index_progress(sqlite::Connection& connection, std::int64_t id,
                                      std::int64_t filled_to) {
    auto note = connection.prepare_cached("UPDATE _zs_text_indexes SET filled_to=?2 WHERE id=?1");
    if (!note) return std::move(note).error();
    auto bound = note->bind_all(id, filled_to);
    if (!bound) return bound;
    return note->run();
}

Result<void> finish_text_index(sqlite::Connection& connection, std::int64_t id) {
    return run_with_id(connection, "UPDATE _zs_text_indexes SET ready=1 WHERE id=?1", id);
}

Result<void> remove_text_index(sqlite::Connection& connection, std::int64_t id) {
    const auto name = table_of(id);
    auto gone = connection.execute(
        fmt::format("DROP TRIGGER IF EXISTS {0}_i; DROP TRIGGER IF EXISTS {0}_u; "
                    "DROP TRIGGER IF EXISTS {0}_d; DROP TABLE IF EXISTS {0};",
                    name));
    if (!gone) return gone;
    return run_with_id(connection, "DELETE FROM _zs_text_indexes WHERE id=?1", id);
}

Result<void> drop_orphaned_text_indexes(sqlite::Connection& connection) {
    const auto exists = catalog_exists(connection);
    if (!exists) return exists.error();
    if (!*exists) return {};
    std::vector<std::int64_t> orphans;
    {
        auto query = connection.prepare_cached(
            "SELECT id FROM _zs_text_indexes WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema "
            "WHERE type='trigger' AND name='_zs_text_' || id || '_i')");
        if (!query) return std::move(query).error();
        while (true) {
            const auto row = query->step();
            if (!row) return row.error();
            if (!*row) break;
            orphans.push_back(query->integer(0));
        }
    }
    for (const auto id : orphans) {
        auto gone = remove_text_index(connection, id);
        if (!gone) return gone;
    }
    return {};
}

Error text_query_error(Error error) {
    if (error.reason != "sql_error" && error.code != ErrorCode::InvalidArgument) return error;
    return invalid_field("query", "'query' cannot be understood: " + error.message,
                         "invalid_text_query");
}

TextIndexSql::TextIndexSql(std::int64_t id, TextIndexDefinition definition)
    : id_(id),
      definition_(std::move(definition)),
      name_(table_of(id)),
      table_(quote_name(definition_.table)) {}

std::string TextIndexSql::columns(std::string_view prefix) const {
    std::string out;
    for (const auto& column : definition_.columns)
        out += (out.empty() ? "" : ", ") + std::string(prefix) + quote_name(column);
    return out;
}

std::string TextIndexSql::create() const {
    std::string changed = "old.rowid IS NOT new.rowid";
    for (const auto& column : definition_.columns) {
        const auto name = quote_name(column);
        changed += " OR old." + name + " IS NOT new." + name;
    }
    // Deleting first makes the outcome independent of the conflict clause of the outer statement,
    // which triggers inherit, and of rows that REPLACE removed without firing a trigger.
    const auto put = fmt::format(
        "DELETE FROM {0} WHERE rowid=new.rowid; "
        "INSERT INTO {0}(rowid, {1}) VALUES (new.rowid, {2});",
        name_, columns(""), columns("new."));
    return fmt::format(
        "CREATE VIRTUAL TABLE {0} USING fts5({1}, content='', contentless_delete=1, "
        "tokenize='{2}');\n"
        "CREATE TRIGGER {0}_i AFTER INSERT ON {3} BEGIN {4} END;\n"
        "CREATE TRIGGER {0}_u AFTER UPDATE ON {3} WHEN {5} BEGIN "
        "DELETE FROM {0} WHERE rowid=old.rowid; {4} END;\n"
        "CREATE TRIGGER {0}_d AFTER DELETE ON {3} BEGIN "
        "DELETE FROM {0} WHERE rowid=old.rowid; END;",
        name_, columns(""), fts5_tokenizer(definition_.tokenizer), table_, put, changed);
}

std::string TextIndexSql::next_row() const {
    return fmt::format(
        "SELECT max(rowid) FROM (SELECT rowid FROM {} WHERE rowid > ?1 ORDER BY rowid LIMIT ?2)",
        table_);
}

std::string TextIndexSql::forget_range() const {
    return fmt::format(
        "DELETE FROM {} WHERE rowid IN (SELECT rowid FROM {} WHERE rowid > ?1 "
        "AND rowid <= ?2)",
        name_, table_);
}

std::string TextIndexSql::fill_range() const {
    return fmt::format(
        "INSERT INTO {0}(rowid, {1}) SELECT rowid, {1} FROM {2} WHERE rowid > ?1 AND rowid <= ?2",
        name_, columns(""), table_);
}

std::string TextIndexSql::search() const {
    return fmt::format(
        "SELECT rowid, bm25({0}) AS score FROM {0} WHERE {0} MATCH ?1 "
        "ORDER BY score, rowid LIMIT ?2",
        name_);
}

}  // namespace zs::sqlite_data
