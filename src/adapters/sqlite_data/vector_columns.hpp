#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zs::sqlite {
class Connection;
}

namespace zs::sqlite_data {

struct VectorColumn {
    std::string name;          // lower case
    std::size_t position = 0;  // in VectorTable::columns
    std::size_t dimensions = 0;
    bool operator==(const VectorColumn&) const = default;
};

// A table with at least one VECTOR(n) column.
struct VectorTable {
    std::string name;                  // as created
    std::vector<std::string> columns;  // that INSERT gives values for, lower case, in order
    std::vector<VectorColumn> vectors;
    bool operator==(const VectorTable&) const = default;

    // nullptr when the column has another type. `column` is in lower case.
    const VectorColumn* find(std::string_view column) const;
    const VectorColumn* at(std::size_t position) const;
};

// The VECTOR(n) columns of one database.
class VectorColumns {
public:
    // Reads the schema; the authorizer must be off.
    static VectorColumns load(sqlite::Connection& connection);

    bool empty() const { return tables_.empty(); }
    // `name` is in lower case.
    const VectorTable* find(std::string_view name) const;
    void add(VectorTable table);
    bool operator==(const VectorColumns&) const = default;

private:
    std::map<std::string, VectorTable, std::less<>> tables_;
};

}  // namespace zs::sqlite_data
