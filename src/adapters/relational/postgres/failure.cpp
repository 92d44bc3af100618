#include "adapters/relational/postgres/failure.hpp"

#include "base/encoding.hpp"

#include <vector>

namespace zs::relational::postgres {
namespace {

constexpr std::size_t kSqlShownMax = 200;

// "Key (org_id, email)=(…) already exists." The values after it are data: they never leave.
std::vector<std::string_view> key_columns(std::string_view detail) {
    const auto open = detail.find('(');
    const auto close = detail.find(")=(");
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
        return {};
    auto list = detail.substr(open + 1, close - open - 1);
    if (list.find('(') != std::string_view::npos) return {};  // an expression: has a name only
    std::vector<std::string_view> columns;
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto column = trim(list.substr(0, comma));
        if (column.size() > 1 && column.front() == '"')
            column = column.substr(1, column.size() - 2);
        columns.push_back(column);
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    }
    return columns;
}

std::string qualified(std::string_view table, const std::vector<std::string_view>& columns) {
    std::string text;
    for (const auto column : columns) {
        if (!text.empty()) text += ", ";
        text += table;
        text += '.';
        text += column;
    }
    return text;
}

Error constraint_violation(const ServerMessage& message) {
    std::string_view kind = "constraint";
    std::vector<std::string_view> columns;
    if (message.state == "23505") {
        kind = "unique";
        columns = key_columns(message.detail);
    } else if (message.state == "23502") {
        kind = "not_null";
        columns = {message.column};
    } else if (message.state == "23503" || message.state == "23001") {
        kind = "foreign_key";
    } else if (message.state == "23514") {
        kind = "check";
    } else if (message.state == "23P01") {
        kind = "exclusion";
    }
    const auto constraint =
        columns.empty() ? message.constraint : qualified(message.table, columns);
    std::string text(kind);
    text += " constraint failed: " + constraint;
    return conflict(std::move(text), "constraint_violation")
        .with("constraint", std::string_view(constraint))
        .with("kind", kind)
        .with("table", std::string_view(message.table))
        .with("name", std::string_view(message.constraint));
}

Error bad_sql(const ServerMessage& message, std::string_view sql) {
    return internal_error("PostgreSQL: " + message.text + " (" + message.state
                          + ") in: " + std::string(sql.substr(0, kSqlShownMax)));
}

bool starts(std::string_view text, std::string_view prefix) {
    return text.starts_with(prefix);
}

}  // namespace

Failure to_failure(const ServerMessage& message, std::string_view sql) {
    const std::string_view state = message.state;
    const auto text = "PostgreSQL: " + message.text + " (" + message.state + ")";
    if (state == "40001" || state == "40P01") {
        return {conflict(text, "serialization_failure"), Remedy::Rerun};
    }
    if (starts(state, "23")) return {constraint_violation(message)};
    if (starts(state, "22")) return {invalid_argument(text, "invalid_value")};
    // 57P01–57P05: the server goes down, comes up, or ended this connection.
    if (starts(state, "08") || starts(state, "57P")) {
        return {unavailable(text, "database_unavailable"), Remedy::Reconnect};
    }
    if (state == "57014") return {deadline_exceeded(text)};
    if (state == "55P03" || starts(state, "53")) return {unavailable(text, "database_busy")};
    if (starts(state, "28") || starts(state, "3D")) {
        return {unavailable(text, "database_unavailable")};
    }
    if (starts(state, "XX001") || starts(state, "XX002")) return {data_loss(text)};
    // A prepared statement that another connection's migration has outdated, or a proxy has
    // dropped.
    if (state == "26000"
        || (state == "0A000" && message.text.find("cached plan") != std::string::npos)) {
        return {bad_sql(message, sql), Remedy::Reconnect};
    }
    return {bad_sql(message, sql)};
}

Failure connection_lost(std::string_view why) {
    return {unavailable("the connection to PostgreSQL was lost: " + std::string(trim(why)),
                        "database_unavailable"),
            Remedy::Reconnect};
}

}  // namespace zs::relational::postgres
