#include "adapters/sqlite_data/table_catalog.hpp"

#include "adapters/sqlite_data/authorizer.hpp"
#include "adapters/sqlite_data/collection_catalog.hpp"
#include "base/encoding.hpp"
#include "core/data/identifier.hpp"

#include <algorithm>
#include <charconv>

namespace zs::sqlite_data {
namespace {

constexpr std::int64_t kCountedExactlyMax = 100'000;

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return out;
}

// The first column of the first row, 0 when there is none.
std::int64_t read_integer(sqlite::Connection& connection, const std::string& sql) {
    auto query = connection.prepare(sql);
    if (!query) return 0;
    const auto row = query->step();
    return row && *row ? query->integer(0) : 0;
}

// What ANALYZE noted: the first number of its text is the number of rows.
std::int64_t analyzed_rows(sqlite::Connection& connection, const std::string& table) {
    auto query = connection.prepare(
        "SELECT stat FROM sqlite_stat1 WHERE tbl=?1 COLLATE NOCASE ORDER BY idx IS NOT NULL");
    if (!query || !query->bind(1, table)) return 0;
    const auto row = query->step();
    if (!row || !*row) return 0;
    const auto text = query->text(0);
    std::int64_t rows = 0;
    std::from_chars(text.data(), text.data() + text.size(), rows);
    return rows;
}

// Counting is a courtesy of a list that anybody may ask for often: it gets this long for all tables
// together, and what is left then is reported as 0 rows.
constexpr std::chrono::milliseconds kCountingTime{500};

std::uint64_t count_rows(sqlite::Connection& connection, const std::string& table) {
    const std::string name = data::quote_name(table);
    const std::int64_t counted =
        read_integer(connection, "SELECT count(*) FROM (SELECT 1 FROM " + name + " LIMIT "
                                     + std::to_string(kCountedExactlyMax + 1) + ")");
    if (counted <= kCountedExactlyMax) return static_cast<std::uint64_t>(counted);
    std::int64_t estimate = analyzed_rows(connection, table);
    if (estimate == 0) estimate = read_integer(connection, "SELECT max(rowid) FROM " + name);
    return static_cast<std::uint64_t>(std::max(estimate, counted));
}

Result<std::vector<data::ColumnInfo>> read_columns(sqlite::Connection& connection,
                                                   const std::string& table) {
    auto query = connection.prepare_cached(
        "SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo(?1)");
    if (!query) return std::move(query).error();
    auto bound = query->bind(1, table);
    if (!bound) return std::move(bound).error();
    std::vector<data::ColumnInfo> columns;
    while (true) {
        const auto row = query->step();
        if (!row) return row.error();
        if (!*row) return columns;
        if (query->integer(4) == 1) continue;  // a virtual table's own
        data::ColumnInfo column;
        column.name = query->text(0);
        column.type = upper(query->text(1));
        column.primary_key = query->integer(3) > 0;
        column.nullable = query->integer(2) == 0 && !column.primary_key;
        columns.push_back(std::move(column));
    }
}

Result<std::vector<data::IndexInfo>> read_indexes(sqlite::Connection& connection,
                                                  const std::string& table) {
    auto query = connection.prepare_cached(
        "SELECT l.name, l.\"unique\", i.name FROM pragma_index_list(?1) l "
        "JOIN pragma_index_info(l.name) i ORDER BY l.seq DESC, i.seqno");
    if (!query) return std::move(query).error();
    auto bound = query->bind(1, table);
    if (!bound) return std::move(bound).error();
    std::vector<data::IndexInfo> indexes;
    while (true) {
        const auto row = query->step();
        if (!row) return row.error();
        if (!*row) return indexes;
        const std::string name(query->text(0));
        if (indexes.empty() || indexes.back().name != name) {
            data::IndexInfo index;
            index.name = name;
            index.unique = query->integer(1) != 0;
            indexes.push_back(std::move(index));
        }
        indexes.back().columns.emplace_back(query->text(2));
    }
}

struct Listed {
    std::string name;
    bool view = false;
    bool is_virtual = false;  // counting one reads all of its index
    bool is_collection = false;
};

bool may_read(const identity::Rights& rights, const Listed& listed) {
    if (listed.is_collection
        && !rights.allows(identity::Resource::Collections, identity::Right::Read)) {
        return false;
    }
    return rights.allows_table(listed.name, identity::Right::Read);
}

// Every table and view that people made.
Result<std::vector<Listed>> read_names(sqlite::Connection& connection) {
    auto query = connection.prepare_cached(
        "SELECT name, type FROM pragma_table_list WHERE schema='main' "
        "AND type IN ('table','view','virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "ORDER BY name");
    if (!query) return std::move(query).error();
    std::vector<Listed> names;
    const auto collections = collection_names(connection);
    while (true) {
        const auto row = query->step();
        if (!row) return row.error();
        if (!*row) return names;
        if (is_reserved_name(query->text(0))) continue;
        Listed listed;
        listed.name = query->text(0);
        listed.view = query->text(1) == "view";
        listed.is_virtual = query->text(1) == "virtual";
        listed.is_collection = collections.contains(to_lower(listed.name));
        names.push_back(std::move(listed));
    }
}

Result<data::TableInfo> describe(EngineConnection& engine, const Listed& listed,
                                 const data::SqlRequest& counting) {
    sqlite::Connection& connection = engine.connection();
    data::TableInfo info;
    info.name = listed.name;
    info.kind = listed.view ? data::TableKind::View : data::TableKind::Table;
    if (listed.is_collection) info.kind = data::TableKind::Collection;
    // A view over a table that is gone has no columns to tell; it is listed all the same.
    auto columns = read_columns(connection, listed.name);
    if (columns) {
        info.columns = std::move(*columns);
    } else if (!listed.view) {
        return std::move(columns).error();
    }
    if (!listed.view && !listed.is_virtual && !counting.deadline.expired()) {
        const EngineConnection::OwnWork limited(engine, counting);
        info.row_count = count_rows(connection, listed.name);
    }
    return info;
}

}  // namespace

std::uint64_t estimate_rows(EngineConnection& engine, const std::string& table) {
    data::SqlRequest counting;
    counting.deadline = async::Deadline::after(kCountingTime);
    const EngineConnection::OwnWork limited(engine, counting);
    return count_rows(engine.connection(), table);
}

Result<std::vector<data::TableInfo>> list_tables(EngineConnection& engine,
                                                 const identity::Rights& rights) {
    auto names = read_names(engine.connection());
    data::SqlRequest counting;
    counting.deadline = async::Deadline::after(kCountingTime);
    if (!names) return std::move(names).error();
    std::vector<data::TableInfo> tables;
    for (const Listed& listed : *names) {
        if (!may_read(rights, listed)) continue;
        auto info = describe(engine, listed, counting);
        if (!info) return std::move(info).error();
        tables.push_back(std::move(*info));
    }
    return tables;
}

Result<data::TableInfo> find_table(EngineConnection& engine, const std::string& name,
                                   const identity::Rights& rights) {
    sqlite::Connection& connection = engine.connection();
    auto names = read_names(connection);
    if (!names) return std::move(names).error();
    const auto listed = std::ranges::find_if(
        *names, [&](const Listed& item) { return equals_ignoring_case(item.name, name); });
    if (listed == names->end() || !may_read(rights, *listed)) {
        return not_found("no such table: " + name, "no_such_table");
    }
    data::SqlRequest counting;
    counting.deadline = async::Deadline::after(kCountingTime);
    auto info = describe(engine, *listed, counting);
    if (!info || listed->view) return info;
    auto indexes = read_indexes(connection, listed->name);
    if (!indexes) return std::move(indexes).error();
    info->indexes = std::move(*indexes);
    return info;
}

}  // namespace zs::sqlite_data
