#pragma once

#include "core/data/vector_index.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace zs::sqlite {
class Connection;
}

namespace zs::sqlite_data {

// A vector index, and what a statement has to know about its table.
struct KnownIndex {
    data::VectorIndexDefinition definition;
    std::string row_id;                // rowid, _rowid_ or oid: the one that no column hides
    std::string key;                   // an expression: the primary key when it is one column
    std::vector<std::string> columns;  // all of them, lower case

    bool has_column(std::string_view lower_name) const;
    bool operator==(const KnownIndex&) const = default;
};

// The vector indexes of one database.
class KnownIndexes {
public:
    // Reads the schema; the authorizer must be off.
    static KnownIndexes load(sqlite::Connection& connection);

    const KnownIndex* find(std::string_view table, std::string_view column) const;
    const KnownIndex* find_named(std::string_view name) const;
    // The name of an index, or "table.column".
    const KnownIndex* find_target(std::string_view target) const;
    bool operator==(const KnownIndexes&) const = default;

    // Lower case.
    std::set<std::string, std::less<>> names() const;

private:
    std::vector<KnownIndex> indexes_;
};

}  // namespace zs::sqlite_data
