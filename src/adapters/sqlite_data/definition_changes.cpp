#include "adapters/sqlite_data/definition_changes.hpp"

#include "adapters/sqlite_data/vector_definitions.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/sql_text.hpp"

namespace zs::sqlite_data {
namespace {

constexpr std::string_view kTables =
    "SELECT name, rootpage, sql FROM sqlite_schema WHERE type='table'";
constexpr std::string_view kHasIndexes =
    "SELECT 1 FROM sqlite_schema WHERE type='table' AND name='_zs_vector_indexes'";
constexpr std::string_view kIndexed =
    "SELECT i.tbl, i.col, s.rootpage, c.cid, "
    "(SELECT count(*) FROM pragma_table_xinfo(s.name)) FROM _zs_vector_indexes i "
    "JOIN sqlite_schema s ON s.type='table' AND s.name=i.tbl COLLATE NOCASE "
    "JOIN pragma_table_xinfo(s.name) c ON c.name=i.col COLLATE NOCASE";
// The table with the root page, and the name its column has now.
constexpr std::string_view kNow =
    "SELECT s.name, c.name, (SELECT count(*) FROM pragma_table_xinfo(s.name)) "
    "FROM sqlite_schema s JOIN pragma_table_xinfo(s.name) c "
    "WHERE s.type='table' AND s.rootpage=?1 AND c.cid=?2";
constexpr std::string_view kMove =
    "UPDATE OR IGNORE _zs_vector_indexes SET tbl=?3, col=?4 WHERE tbl=?1 AND col=?2";

}  // namespace

Result<DefinitionChanges> DefinitionChanges::before(sqlite::Connection& connection,
                                                    std::string_view sql) {
    DefinitionChanges made;
    auto tables = read_tables(connection);
    if (!tables) return std::move(tables).error();
    made.tables_ = std::move(*tables);
    if (sqlite::first_keyword(sql) != "ALTER") return made;
    auto indexed = read_indexed(connection);
    if (!indexed) return std::move(indexed).error();
    made.indexed_ = std::move(*indexed);
    return made;
}

Result<DefinitionChanges::Tables> DefinitionChanges::read_tables(sqlite::Connection& connection) {
    Tables tables;
    auto query = connection.prepare_cached(kTables);
    if (!query) return std::move(query).error();
    while (true) {
        const auto row = query->step();
        if (!row) return row.error();
        if (!*row) return tables;
        Table table;
        table.root_page = query->integer(1);
        table.sql = query->text(2);
        tables[std::string(query->text(0))] = std::move(table);
    }
}

Result<std::vector<DefinitionChanges::Indexed>> DefinitionChanges::read_indexed(
    sqlite::Connection& connection) {
    std::vector<Indexed> out;
    auto known = connection.prepare_cached(kHasIndexes);
    if (!known) return std::move(known).error();
    const auto is_known = known->step();
    if (!is_known) return is_known.error();
    if (!*is_known) return out;
    auto query = connection.prepare(kIndexed);
    if (!query) return std::move(query).error();
    while (true) {
        const auto row = query->step();
        if (!row) return row.error();
        if (!*row) return out;
        Indexed indexed;
        indexed.table = query->text(0);
        indexed.column = query->text(1);
        indexed.root_page = query->integer(2);
        indexed.position = query->integer(3);
        indexed.columns = query->integer(4);
        out.push_back(std::move(indexed));
    }
}

Result<std::vector<data::ChangedDefinition>> DefinitionChanges::tables_after(
    sqlite::Connection& connection) const {
    using data::DefinitionChange;
    auto after = read_tables(connection);
    if (!after) return std::move(after).error();
    std::vector<data::ChangedDefinition> changed;
    for (const auto& [name, table] : tables_) {
        const auto found = after->find(name);
        if (found == after->end()) {
            changed.push_back({name, DefinitionChange::Deleted});
        } else if (found->second != table) {
            changed.push_back({name, DefinitionChange::Altered});
        }
    }
    for (const auto& [name, table] : *after) {
        if (!tables_.contains(name)) changed.push_back({name, DefinitionChange::Created});
    }
    return changed;
}

// A column that is dropped leaves its place to another one, or to none: then the number of columns
// tells that nothing was renamed.
Result<void> DefinitionChanges::tidy_vector_indexes(sqlite::Connection& connection) const {
    for (const Indexed& indexed : indexed_) {
        std::string table;
        std::string column;
        {
            auto query = connection.prepare(kNow);
            if (!query) return std::move(query).error();
            auto bound = query->bind_all(indexed.root_page, indexed.position);
            if (!bound) return bound;
            const auto row = query->step();
            if (!row) return row.error();
            if (!*row || query->integer(2) != indexed.columns) continue;
            table = query->text(0);
            column = query->text(1);
        }
        if (table == indexed.table && column == indexed.column) continue;
        auto move = connection.prepare(kMove);
        if (!move) return std::move(move).error();
        auto bound = move->bind_all(indexed.table, indexed.column, table, column);
        if (!bound) return bound;
        auto moved = move->run();
        if (!moved) return moved;
    }
    return drop_orphaned_definitions(connection);
}

}  // namespace zs::sqlite_data
