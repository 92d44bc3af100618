#include "core/data/collection.hpp"

#include "base/encoding.hpp"
#include "core/data/document_limits.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace zs::data {
namespace {

namespace json = boost::json;

struct NamedClass {
    std::string_view name;
    ColumnClass value_class;
};
constexpr std::array<NamedClass, 14> kTypes = {{{"TEXT", ColumnClass::Text},
                                                {"VARCHAR", ColumnClass::Text},
                                                {"UUID", ColumnClass::Text},
                                                {"DATE", ColumnClass::Text},
                                                {"TIME", ColumnClass::Text},
                                                {"INTEGER", ColumnClass::Integer},
                                                {"BIGINT", ColumnClass::Integer},
                                                {"REAL", ColumnClass::Real},
                                                {"FLOAT", ColumnClass::Real},
                                                {"DOUBLE", ColumnClass::Real},
                                                {"NUMERIC", ColumnClass::Numeric},
                                                {"BOOLEAN", ColumnClass::Boolean},
                                                {"TIMESTAMP", ColumnClass::Timestamp},
                                                {"JSON", ColumnClass::Json}}};

Error invalid_projection(std::string_view where, const std::string& message) {
    return invalid_argument("projection" + std::string(where.empty() ? "" : ".")
                                + std::string(where) + ": " + message,
                            "invalid_projection")
        .with("field", "projection" + std::string(where.empty() ? "" : ".") + std::string(where));
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_name(std::string_view name) {
    if (name.empty() || name.size() > 63 || !is_letter(name.front())) return false;
    return std::ranges::all_of(name, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

bool is_reserved(std::string_view name) {
    const std::string lower = to_lower(name);
    return lower.starts_with("_zs_") || lower.starts_with("sqlite_") || lower.starts_with("pragma_")
           || lower == "json_each" || lower == "json_tree" || lower == "jsonb_each"
           || lower == "jsonb_tree";
}

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return out;
}

bool set_type(ProjectedColumn& column, std::string_view text) {
    column.type = upper(text);
    for (const auto& type : kTypes) {
        if (type.name != column.type) continue;
        column.value_class = type.value_class;
        return true;
    }
    const std::string_view type = column.type;
    if (!type.starts_with("VECTOR(") || !type.ends_with(")")) return false;
    const auto digits = type.substr(7, type.size() - 8);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), column.dimensions);
    column.value_class = ColumnClass::Vector;
    return error == std::errc() && end == digits.data() + digits.size() && column.dimensions > 0
           && column.dimensions <= limits::kVectorDimensionsCeiling;
}

std::string unknown_type(std::string_view given) {
    if (upper(given).starts_with("VECTOR")) {
        return "'type' must be VECTOR(n) with n from 1 to "
               + std::to_string(limits::kVectorDimensionsCeiling);
    }
    return "there is no type '" + std::string(given.substr(0, 100))
           + "'; 'type' must be TEXT, INTEGER, BIGINT, REAL, DOUBLE, NUMERIC, BOOLEAN, TIMESTAMP, "
             "DATE, TIME, UUID, JSON or VECTOR(n)";
}

bool is_path(std::string_view path) {
    if (path.empty() || path.size() > limits::kPathBytesMax || path == "_id") return false;
    return !path.starts_with('.') && !path.ends_with('.')
           && path.find("..") == std::string_view::npos;
}

Result<bool> read_flag(const json::object& object, std::string_view key, std::string_view where) {
    const auto* value = object.if_contains(key);
    if (value == nullptr) return false;
    if (value->is_bool()) return value->get_bool();
    return invalid_projection(where, "'" + std::string(key) + "' must be true or false");
}

Result<ProjectedColumn> read_column(std::string_view name, const json::value& given) {
    const std::string where = "columns." + std::string(name);
    ProjectedColumn column;
    column.name = name;
    if (const auto* path = given.if_string()) {
        column.path = std::string_view(path->data(), path->size());
    } else if (const auto* object = given.if_object()) {
        const auto* path_value = object->if_contains("path");
        if (path_value == nullptr || !path_value->is_string()) {
            return invalid_projection(where, "'path' must be text");
        }
        const auto& path_text = path_value->get_string();
        column.path = std::string_view(path_text.data(), path_text.size());
        if (const auto* type = object->if_contains("type")) {
            const auto* text = type->if_string();
            if (text == nullptr) return invalid_projection(where, "'type' must be text");
            if (!set_type(column, {text->data(), text->size()})) {
                return invalid_projection(where, unknown_type({text->data(), text->size()}));
            }
        }
        const auto required = read_flag(*object, "required", where);
        if (!required) return required.error();
        const auto index = read_flag(*object, "index", where);
        if (!index) return index.error();
        column.required = *required;
        column.index = *index;
    } else {
        return invalid_projection(where, "must be a path, or an object with 'path'");
    }
    if (!is_path(column.path)) {
        return invalid_projection(where, "the path must be keys joined by single dots, at most "
                                             + std::to_string(limits::kPathBytesMax) + " bytes");
    }
    return column;
}

bool is_own_column(std::string_view name) {
    return equals_ignoring_case(name, "_id") || equals_ignoring_case(name, "_ts")
           || equals_ignoring_case(name, "doc") || equals_ignoring_case(name, "rowid")
           || equals_ignoring_case(name, "oid") || equals_ignoring_case(name, "_rowid_");
}

Result<void> check_columns(const Projection& projection) {
    if (projection.columns.empty()) return invalid_projection("columns", "must name a column");
    if (projection.columns.size() > limits::kProjectedColumnsMax) {
        return invalid_projection("columns", "at most "
                                                 + std::to_string(limits::kProjectedColumnsMax)
                                                 + " columns can be projected");
    }
    for (std::size_t i = 0; i < projection.columns.size(); ++i) {
        const std::string& name = projection.columns[i].name;
        for (std::size_t j = 0; j < i; ++j) {
            if (equals_ignoring_case(name, projection.columns[j].name)) {
                return invalid_projection("columns." + name, "the name stands twice");
            }
        }
        if (!projection.table && is_own_column(name)) {
            return invalid_projection("columns." + name, "every collection has this column");
        }
    }
    return {};
}

}  // namespace

Result<void> check_collection_name(std::string_view name) {
    if (is_name(name) && !is_reserved(name)) return {};
    return invalid_field(
        "name",
        "'name' must be a letter or '_' and up to 62 letters, digits and '_', and must not "
        "begin with _zs_ or sqlite_",
        "invalid_name");
}

Result<std::optional<Projection>> read_projection(const json::value& given,
                                                  std::string_view collection) {
    if (given.is_null()) return std::optional<Projection>();
    const auto* object = given.if_object();
    if (object == nullptr) return invalid_projection("", "must be an object or null");
    Projection projection;
    if (const auto* table = object->if_contains("table"); table != nullptr && !table->is_null()) {
        const auto* text = table->if_string();
        if (text == nullptr || text->empty()) return invalid_projection("table", "must be a name");
        const std::string name(text->data(), text->size());
        if (is_reserved(name)) return invalid_projection("table", "is reserved");
        if (!equals_ignoring_case(name, collection)) projection.table = name;
    }
    const auto* columns = object->if_contains("columns");
    if (columns == nullptr || !columns->is_object()) {
        return invalid_projection("columns", "must be an object of columns");
    }
    for (const auto& [name, value] : columns->get_object()) {
        if (!is_name({name.data(), name.size()})) {
            return invalid_projection("columns", "'" + std::string(name)
                                                     + "' is not a column name of letters, digits "
                                                       "and '_'");
        }
        auto column = read_column({name.data(), name.size()}, value);
        if (!column) return std::move(column).error();
        projection.columns.push_back(std::move(*column));
    }
    const auto checked = check_columns(projection);
    if (!checked) return checked.error();
    return std::optional<Projection>(std::move(projection));
}

json::value show_projection(const std::optional<Projection>& projection) {
    if (!projection) return nullptr;
    json::object columns;
    for (const auto& column : projection->columns) {
        json::object shown;
        shown.emplace("path", column.path);
        shown.emplace("type", column.type);
        shown.emplace("required", column.required);
        shown.emplace("index", column.index);
        columns.emplace(column.name, std::move(shown));
    }
    json::object out;
    if (projection->table) out.emplace("table", *projection->table);
    out.emplace("columns", std::move(columns));
    return out;
}

}  // namespace zs::data
