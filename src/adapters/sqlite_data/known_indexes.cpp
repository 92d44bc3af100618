#include "adapters/sqlite_data/known_indexes.hpp"

#include "adapters/sqlite_data/vector_definitions.hpp"
#include "base/encoding.hpp"
#include "core/data/identifier.hpp"
#include "sqlite/connection.hpp"

#include <algorithm>

namespace zs::sqlite_data {
namespace {

// False: the table is gone.
bool read_table(sqlite::Connection& connection, KnownIndex& index) {
    auto query = connection.prepare_cached("SELECT name, pk FROM pragma_table_xinfo(?1)");
    if (!query || !query->bind_all(index.definition.table)) return false;
    std::size_t keys = 0;
    while (true) {
        const auto row = query->step();
        if (!row) return false;
        if (!*row) break;
        index.columns.push_back(to_lower(query->text(0)));
        if (query->integer(1) == 0) continue;
        ++keys;
        index.key = data::quote_name(query->text(0));
    }
    for (const char* name : {"rowid", "_rowid_", "oid"}) {
        if (!index.row_id.empty() || index.has_column(name)) continue;
        index.row_id = name;
    }
    if (keys != 1) index.key = index.row_id;
    return !index.columns.empty() && !index.row_id.empty();
}

}  // namespace

bool KnownIndex::has_column(std::string_view lower_name) const {
    return std::ranges::find(columns, lower_name) != columns.end();
}

KnownIndexes KnownIndexes::load(sqlite::Connection& connection) {
    KnownIndexes known;
    auto definitions = read_definitions(connection);
    if (!definitions) return known;
    for (data::VectorIndexDefinition& definition : *definitions) {
        KnownIndex index;
        index.definition = std::move(definition);
        if (read_table(connection, index)) known.indexes_.push_back(std::move(index));
    }
    return known;
}

const KnownIndex* KnownIndexes::find(std::string_view table, std::string_view column) const {
    const auto found = std::ranges::find_if(indexes_, [&](const KnownIndex& index) {
        return equals_ignoring_case(index.definition.table, table)
               && equals_ignoring_case(index.definition.column, column);
    });
    return found == indexes_.end() ? nullptr : &*found;
}

const KnownIndex* KnownIndexes::find_named(std::string_view name) const {
    const auto found = std::ranges::find_if(indexes_, [&](const KnownIndex& index) {
        return equals_ignoring_case(index.definition.name, name);
    });
    return found == indexes_.end() ? nullptr : &*found;
}

std::set<std::string, std::less<>> KnownIndexes::names() const {
    std::set<std::string, std::less<>> all;
    for (const KnownIndex& index : indexes_)
        all.insert(to_lower(index.definition.name));
    return all;
}

const KnownIndex* KnownIndexes::find_target(std::string_view target) const {
    if (const KnownIndex* const named = find_named(target)) return named;
    for (auto dot = target.find('.'); dot != std::string_view::npos;
         dot = target.find('.', dot + 1)) {
        if (const auto* found = find(target.substr(0, dot), target.substr(dot + 1))) return found;
    }
    return nullptr;
}

}  // namespace zs::sqlite_data
