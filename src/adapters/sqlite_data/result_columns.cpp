#include "adapters/sqlite_data/result_columns.hpp"

#include "adapters/sqlite_data/vector_functions.hpp"
#include "core/data/vector_value.hpp"
#include "sqlite/statement.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <unordered_set>

namespace zs::sqlite_data {
namespace {

using data::ColumnKind;

struct TypeKind {
    std::string_view word;
    ColumnKind kind;
};

// By the first word of the type. SQLite's own rule ("contains INT") would take INTERVAL and POINT
// for integers.
constexpr std::array<TypeKind, 28> kTypes = {
    {{"INTEGER", ColumnKind::Integer},     {"INT", ColumnKind::Integer},
     {"BIGINT", ColumnKind::Integer},      {"SMALLINT", ColumnKind::Integer},
     {"TINYINT", ColumnKind::Integer},     {"MEDIUMINT", ColumnKind::Integer},
     {"INT2", ColumnKind::Integer},        {"INT4", ColumnKind::Integer},
     {"INT8", ColumnKind::Integer},        {"UNSIGNED", ColumnKind::Integer},
     {"SERIAL", ColumnKind::Integer},      {"BIGSERIAL", ColumnKind::Integer},
     {"SMALLSERIAL", ColumnKind::Integer}, {"REAL", ColumnKind::Real},
     {"FLOAT", ColumnKind::Real},          {"FLOAT4", ColumnKind::Real},
     {"FLOAT8", ColumnKind::Real},         {"DOUBLE", ColumnKind::Real},
     {"BOOLEAN", ColumnKind::Boolean},     {"BOOL", ColumnKind::Boolean},
     {"JSON", ColumnKind::Json},           {"JSONB", ColumnKind::Json},
     {"BLOB", ColumnKind::Blob},           {"BYTEA", ColumnKind::Blob},
     {"BINARY", ColumnKind::Blob},         {"VARBINARY", ColumnKind::Blob},
     {"LONGBLOB", ColumnKind::Blob},       {"TINYBLOB", ColumnKind::Blob}}};

std::string upper(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return out;
}

void set_storage_class(data::ResultColumn& column, sqlite::ColumnType type) {
    switch (type) {
        case sqlite::ColumnType::Integer:
            column.type = "INTEGER";
            column.kind = ColumnKind::Integer;
            return;
        case sqlite::ColumnType::Real:
            column.type = "REAL";
            column.kind = ColumnKind::Real;
            return;
        case sqlite::ColumnType::Blob:
            column.type = "BLOB";
            column.kind = ColumnKind::Blob;
            return;
        case sqlite::ColumnType::Text:
            column.type = "TEXT";
            column.kind = ColumnKind::Plain;
            return;
        case sqlite::ColumnType::Null:
            column.type = "NULL";
            column.kind = ColumnKind::Plain;
            return;
    }
}

bool is_vector(const sqlite::Statement& statement, int column) {
    auto* const value = sqlite3_column_value(statement.handle(), column);
    return sqlite3_value_subtype(value) == kVectorSubtype;
}

}  // namespace

ColumnKind kind_of_declared(std::string_view upper_type) {
    const auto word = upper_type.substr(0, upper_type.find_first_of(" (\t"));
    if (word == "VECTOR" && data::declared_dimensions(upper_type) > 0) return ColumnKind::Vector;
    const auto* found = std::ranges::find(kTypes, word, &TypeKind::word);
    return found == kTypes.end() ? ColumnKind::Plain : found->kind;
}

void make_unique(std::vector<data::ResultColumn>& columns) {
    std::unordered_set<std::string> names;
    for (const auto& column : columns)
        names.insert(column.name);
    if (names.size() == columns.size()) return;
    std::unordered_set<std::string> used;
    for (auto& column : columns) {
        if (used.insert(column.name).second) continue;
        const std::string name = column.name;
        for (int number = 2; true; ++number) {
            column.name = name + "_" + std::to_string(number);
            // A name that a later column has by itself stays that column's.
            if (!names.contains(column.name) && used.insert(column.name).second) break;
        }
    }
}

const std::vector<data::ResultColumn>& ResultColumns::describe(sqlite::Statement& statement,
                                                               bool row_is_there) {
    const int count = statement.column_count();
    if (columns_.size() != static_cast<std::size_t>(count)) {
        columns_.clear();
        expressions_.clear();
        for (int i = 0; i < count; ++i) {
            data::ResultColumn column;
            column.name = statement.column_name(i);
            if (edited_ && column.name.find("vec") != std::string::npos)
                column.name = edited_->original_of(column.name);
            column.type = upper(statement.declared_type(i));
            column.kind = kind_of_declared(column.type);
            if (column.type.empty()) expressions_.push_back(i);
            columns_.push_back(std::move(column));
        }
        make_unique(columns_);
    }
    for (const int i : expressions_) {
        const auto type = row_is_there ? statement.column_type(i) : sqlite::ColumnType::Null;
        auto& column = columns_[static_cast<std::size_t>(i)];
        set_storage_class(column, type);
        if (type == sqlite::ColumnType::Blob && is_vector(statement, i)) {
            column.type = "VECTOR";
            column.kind = ColumnKind::Vector;
        }
    }
    return columns_;
}

}  // namespace zs::sqlite_data
