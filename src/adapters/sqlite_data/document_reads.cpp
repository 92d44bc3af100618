#include "adapters/sqlite_data/document_reads.hpp"

#include "adapters/sqlite_data/collection_catalog.hpp"
#include "base/json.hpp"
#include "core/data/document_limits.hpp"
#include "core/data/identifier.hpp"

namespace zs::sqlite_data {
namespace {

using data::Compare;
using data::SqlValue;

constexpr std::chrono::seconds kReadTime{30};
constexpr std::uint64_t kPieceRows = 10'000;

data::SqlRequest request_of(const data::DocumentScope& scope) {
    data::SqlRequest request;
    request.tenant = scope.tenant;
    request.rights = scope.rights;
    request.deadline = async::Deadline::after(kReadTime);
    return request;
}

// A literal of a path that has neither '"' nor NUL: '$."a"."b"'.
std::string json_path(std::string_view path) {
    std::string out = "'$.\"";
    for (const char c : path) {
        if (c == '.') {
            out += "\".\"";
        } else if (c == '\'') {
            out += "''";
        } else {
            out += c;
        }
    }
    return out + "\"'";
}

// Builds one SELECT; values become parameters in the order in which they are asked for.
class Builder {
public:
    explicit Builder(const data::DocumentScope& scope)
        : request(request_of(scope)), collection_(*scope.collection) {}

    std::string parameter(SqlValue value) {
        request.positional.push_back(std::move(value));
        return "?" + std::to_string(request.positional.size());
    }

    // A column where one holds exactly this value, so that its index is used.
    std::string expression(std::string_view path) const {
        if (path == "_id" || path == "_ts") return data::quote_name(path);
        const bool filled = !collection_.backfill || !collection_.backfill->failure.empty();
        if (filled && collection_.projection && !collection_.projection->table) {
            for (const auto& column : collection_.projection->columns) {
                const bool same = column.value_class != data::ColumnClass::Json
                                  && column.value_class != data::ColumnClass::Vector
                                  && column.value_class != data::ColumnClass::Text;
                const bool text = column.value_class == data::ColumnClass::Text;
                if (column.path == path && (same || text)) return data::quote_name(column.name);
            }
        }
        return "json_extract(\"doc\"," + json_path(path) + ")";
    }

    std::string condition(const data::Condition& condition) {
        if (condition.compare == Compare::Exists) return exists(condition);
        const std::string e = expression(condition.path);
        const auto& values = condition.values;
        const bool null = std::holds_alternative<std::monostate>(values.front());
        switch (condition.compare) {
            case Compare::Eq: return null ? e + " IS NULL" : e + "=" + parameter(values.front());
            case Compare::Ne: return e + " IS NOT " + parameter(values.front());
            case Compare::Gt: return e + ">" + parameter(values.front());
            case Compare::Gte: return e + ">=" + parameter(values.front());
            case Compare::Lt: return e + "<" + parameter(values.front());
            case Compare::Lte: return e + "<=" + parameter(values.front());
            case Compare::In: {
                std::string list;
                for (const auto& value : values)
                    list += (list.empty() ? "" : ",") + parameter(value);
                return e + " IN (" + list + ")";
            }
            case Compare::Prefix: {
                const std::string p = parameter(values.front());
                return "(" + e + ">=" + p + " AND substr(" + e + ",1,length(" + p + "))=" + p + ")";
            }
            case Compare::Exists: break;
        }
        return "1";
    }

    // Everything behind the document whose keys are `after`, in the order of `sort` and then _id.
    std::string behind(const data::DocumentQuery& query, std::size_t at) {
        if (at == query.sort.size()) return "\"_id\">" + parameter(query.after[at]);
        const std::string e = expression(query.sort[at].path);
        const SqlValue& value = query.after[at];
        const bool descending = query.sort[at].descending;
        if (std::holds_alternative<std::monostate>(value)) {
            const std::string same = "(" + e + " IS NULL AND " + behind(query, at + 1) + ")";
            return descending ? same : "(" + e + " IS NOT NULL OR " + same + ")";
        }
        const std::string p = parameter(value);
        const std::string same = "(" + e + "=" + p + " AND " + behind(query, at + 1) + ")";
        return descending ? "(" + e + "<" + p + " OR " + e + " IS NULL OR " + same + ")"
                          : "(" + e + ">" + p + " OR " + same + ")";
    }

    data::SqlRequest request;

private:
    std::string exists(const data::Condition& condition) const {
        const auto* wanted = std::get_if<std::int64_t>(&condition.values.front());
        const bool yes = wanted != nullptr && *wanted != 0;
        if (condition.path == "_id" || condition.path == "_ts") return yes ? "1" : "0";
        return "json_type(\"doc\"," + json_path(condition.path) + ") IS "
               + (yes ? "NOT NULL" : "NULL");
    }

    const data::Collection& collection_;
};

SqlValue value_of(const data::SqlValueView& view) {
    using Kind = data::SqlValueView::Kind;
    switch (view.kind) {
        case Kind::Integer: return view.integer;
        case Kind::Real: return view.real;
        case Kind::Text:
        case Kind::Blob: return std::string(view.bytes);
        case Kind::Null: break;
    }
    return {};
}

// True when the document itself says its _id.
bool has_own_id(std::string_view json) {
    if (json.find("\"_id\"") == std::string_view::npos) return false;
    const auto parsed = parse_json(json);
    return parsed && parsed->is_object() && parsed->get_object().contains("_id");
}

// One line, with the id, so that what was exported can be ingested again.
void append_line(std::string& out, std::string_view id, std::string_view json) {
    const std::size_t begin = out.size();
    const auto open = json.find('{');
    if (open != std::string_view::npos && !has_own_id(json)) {
        out += "{\"_id\":";
        append_json_string(out, id);
        const std::string_view rest = json.substr(open + 1);
        const auto next = rest.find_first_not_of(" \t\r\n");
        if (next != std::string_view::npos && rest[next] != '}') out += ',';
        out += rest;
    } else {
        out += json;
    }
    // Inside strings JSON has no raw line ends.
    for (std::size_t i = begin; i < out.size(); ++i) {
        if (out[i] == '\n' || out[i] == '\r') out[i] = ' ';
    }
    out += '\n';
}

}  // namespace

data::SqlRequest find_request(const data::DocumentScope& scope, std::string id) {
    auto request = request_of(scope);
    request.sql = "SELECT \"_id\",\"_ts\",\"doc\" FROM " + data::quote_name(scope.collection->name)
                  + " WHERE \"_id\"=?1";
    request.positional.emplace_back(std::move(id));
    request.rows_max = 1;
    return request;
}

data::SqlRequest list_request(const data::DocumentScope& scope, const data::DocumentQuery& query) {
    Builder builder(scope);
    std::string sql = "SELECT \"_id\",\"_ts\",\"doc\"";
    std::string order;
    for (const auto& key : query.sort) {
        const std::string e = builder.expression(key.path);
        sql += "," + e;
        order += e + (key.descending ? " DESC," : ",");
    }
    sql += " FROM " + data::quote_name(scope.collection->name);
    std::string where;
    for (const auto& condition : query.conditions)
        where += (where.empty() ? "" : " AND ") + builder.condition(condition);
    if (!query.after.empty()) where += (where.empty() ? "" : " AND ") + builder.behind(query, 0);
    if (!where.empty()) sql += " WHERE " + where;
    sql += " ORDER BY " + order + "\"_id\" LIMIT " + std::to_string(query.limit + 1);
    builder.request.sql = std::move(sql);
    builder.request.rows_max = query.limit + 1;
    return std::move(builder.request);
}

data::SqlRequest piece_request(const data::DocumentScope& scope,
                               const data::DocumentCursor& after) {
    auto request = request_of(scope);
    const std::string table = data::quote_name(scope.collection->name);
    const std::string behind =
        after.id.empty() ? "?1" : "(SELECT rowid FROM " + table + " WHERE \"_id\"=?1)";
    request.sql =
        "SELECT rowid,\"_id\",\"doc\" FROM " + table + " WHERE rowid>" + behind + " ORDER BY rowid";
    if (after.id.empty()) {
        request.positional.emplace_back(after.row);
    } else {
        request.positional.emplace_back(after.id);
    }
    request.rows_max = kPieceRows;
    return request;
}

Result<void> DocumentRows::row(std::span<const data::SqlValueView> values) {
    data::FoundDocument document;
    document.id = values[0].bytes;
    document.timestamp = values[1].bytes;
    document.json = values[2].bytes;
    for (std::size_t i = 3; i < values.size(); ++i)
        document.keys.push_back(value_of(values[i]));
    document.keys.emplace_back(document.id);
    documents.push_back(std::move(document));
    return {};
}

Result<void> PieceRows::row(std::span<const data::SqlValueView> values) {
    if (piece.text.size() >= data::limits::kExportPieceBytes) return exhausted("enough", kEnough);
    last_row = values[0].integer;
    append_line(piece.text, values[1].bytes, values[2].bytes);
    ++piece.count;
    return {};
}

}  // namespace zs::sqlite_data
