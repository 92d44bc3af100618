#include "adapters/sqlite_data/vector_columns.hpp"

#include "base/encoding.hpp"
#include "core/data/vector_value.hpp"
#include "sqlite/connection.hpp"

#include <algorithm>

namespace zs::sqlite_data {
namespace {

// Of one table; nothing when none of its columns is a vector.
VectorTable load_table(sqlite::Connection& connection, std::string_view name) {
    VectorTable table;
    auto query = connection.prepare_cached(
        "SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden=0 ORDER BY cid");
    if (!query || !query->bind_all(name)) return table;
    table.name = name;
    while (true) {
        const auto row = query->step();
        if (!row || !*row) return table;
        std::string column = to_lower(query->text(0));
        if (const std::size_t dimensions = data::declared_dimensions(query->text(1))) {
            table.vectors.push_back({column, table.columns.size(), dimensions});
        }
        table.columns.push_back(std::move(column));
    }
}

}  // namespace

const VectorColumn* VectorTable::find(std::string_view column) const {
    const auto found = std::ranges::find(vectors, column, &VectorColumn::name);
    return found == vectors.end() ? nullptr : &*found;
}

const VectorColumn* VectorTable::at(std::size_t position) const {
    const auto found = std::ranges::find(vectors, position, &VectorColumn::position);
    return found == vectors.end() ? nullptr : &*found;
}

VectorColumns VectorColumns::load(sqlite::Connection& connection) {
    VectorColumns columns;
    std::vector<std::string> names;
    {
        auto query = connection.prepare_cached(
            "SELECT name FROM sqlite_schema WHERE type='table' AND sql LIKE '%vector%(%'");
        if (!query) return columns;
        while (true) {
            const auto row = query->step();
            if (!row || !*row) break;
            names.emplace_back(query->text(0));
        }
    }
    for (const std::string& name : names) {
        VectorTable table = load_table(connection, name);
        if (!table.vectors.empty()) columns.add(std::move(table));
    }
    return columns;
}

const VectorTable* VectorColumns::find(std::string_view name) const {
    const auto found = tables_.find(name);
    return found == tables_.end() ? nullptr : &found->second;
}

void VectorColumns::add(VectorTable table) {
    std::string key = to_lower(table.name);
    tables_.insert_or_assign(std::move(key), std::move(table));
}

}  // namespace zs::sqlite_data
