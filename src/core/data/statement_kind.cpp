#include "core/data/statement_kind.hpp"

#include "base/encoding.hpp"

#include <array>

namespace zs::data {
namespace {

struct Word {
    std::string_view word;
    std::string_view kind;
};

constexpr std::array<Word, 14> kWords = {{{"select", "select"},
                                          {"values", "select"},
                                          {"with", "select"},
                                          {"insert", "insert"},
                                          {"replace", "insert"},
                                          {"update", "update"},
                                          {"delete", "delete"},
                                          {"create", "ddl"},
                                          {"alter", "ddl"},
                                          {"drop", "ddl"},
                                          {"analyze", "ddl"},
                                          {"reindex", "ddl"},
                                          {"explain", "explain"},
                                          {"pragma", "select"}}};

}  // namespace

std::string_view skip_empty_sql(std::string_view sql) noexcept {
    while (!sql.empty()) {
        const char c = sql.front();
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == ';') {
            sql.remove_prefix(1);
        } else if (sql.starts_with("--")) {
            const auto end = sql.find('\n');
            sql.remove_prefix(end == std::string_view::npos ? sql.size() : end + 1);
        } else if (sql.starts_with("/*") && sql.size() > 2) {
            const auto end = sql.find("*/", 2);
            sql.remove_prefix(end == std::string_view::npos ? sql.size() : end + 2);
        } else {
            break;
        }
    }
    return sql;
}

bool is_blank_sql(std::string_view sql) noexcept {
    return skip_empty_sql(sql).empty();
}

std::string_view statement_kind(std::string_view sql) noexcept {
    sql = skip_empty_sql(sql);
    std::size_t length = 0;
    while (length < sql.size() && ((sql[length] | 0x20) >= 'a' && (sql[length] | 0x20) <= 'z')) {
        ++length;
    }
    const auto first = sql.substr(0, length);
    for (const auto& [word, kind] : kWords) {
        if (equals_ignoring_case(first, word)) return kind;
    }
    return "other";
}

}  // namespace zs::data
