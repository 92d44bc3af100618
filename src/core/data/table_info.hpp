#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zs::data {

struct ColumnInfo {
    std::string name;
    std::string type;  // as declared, upper case
    bool nullable = true;
    bool primary_key = false;
};

struct IndexInfo {
    std::string name;
    bool unique = false;
    std::vector<std::string> columns;  // "" for an expression
};

enum class TableKind { Table, View, Collection };
constexpr const char* to_text(TableKind kind) {
    switch (kind) {
        case TableKind::Table: return "table";
        case TableKind::View: return "view";
        case TableKind::Collection: return "collection";
    }
    return "table";
}

struct TableInfo {
    std::string name;
    TableKind kind = TableKind::Table;
    std::uint64_t row_count = 0;  // an estimate above 100,000; 0 for views
    std::vector<ColumnInfo> columns;
    std::vector<IndexInfo> indexes;
};

}  // namespace zs::data
