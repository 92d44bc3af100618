#pragma once

#include "adapters/relational/database.hpp"

#include <cctype>
#include <cstddef>
#include <string_view>

// Finds its way over the parts of SQL text that hold no SQL: quoted text and names, comments,
// dollar quotes. It reads no grammar; a part that never ends reaches to the end of the text, and
// the database says what is wrong with it.
// Source: PostgreSQL 15 manual, 4.1 Lexical Structure; sqlite.org/lang_comment.html.
namespace zs::relational::sql {

inline bool is_name_char(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) != 0 || c == '_' || byte >= 0x80;
}

namespace scan {

inline std::size_t after_quote(std::string_view sql, std::size_t at, bool backslashes) {
    const char quote = sql[at];
    for (std::size_t i = at + 1; i < sql.size(); ++i) {
        if (backslashes && sql[i] == '\\') {
            ++i;
        } else if (sql[i] == quote) {
            if (i + 1 >= sql.size() || sql[i + 1] != quote) return i + 1;
            ++i;  // doubled: one quote of the text
        }
    }
    return sql.size();
}

inline std::size_t after_block_comment(std::string_view sql, std::size_t at, bool nests) {
    int depth = 1;
    for (std::size_t i = at + 2; i + 1 < sql.size(); ++i) {
        if (sql[i] == '*' && sql[i + 1] == '/') {
            ++i;
            if (--depth == 0) return i + 1;
        } else if (nests && sql[i] == '/' && sql[i + 1] == '*') {
            ++i;
            ++depth;
        }
    }
    return sql.size();
}

// `at` itself when no dollar quote begins there.
inline std::size_t after_dollar_quote(std::string_view sql, std::size_t at) {
    std::size_t i = at + 1;
    while (i < sql.size() && is_name_char(sql[i]))
        ++i;
    const bool opens =
        i < sql.size() && sql[i] == '$'
        && (i == at + 1 || std::isdigit(static_cast<unsigned char>(sql[at + 1])) == 0);
    if (!opens) return at;
    const auto tag = sql.substr(at, i + 1 - at);
    const auto end = sql.find(tag, i + 1);
    return end == std::string_view::npos ? sql.size() : end + tag.size();
}

// E'…' is the one kind of text where a backslash escapes.
inline bool is_escape_string(std::string_view sql, std::size_t quote) {
    if (quote == 0 || (sql[quote - 1] != 'e' && sql[quote - 1] != 'E')) return false;
    return quote == 1 || (!is_name_char(sql[quote - 2]) && sql[quote - 2] != '$');
}

}  // namespace scan

// Where the opaque part that begins at `at` ends; `at` itself when none begins there.
inline std::size_t skip_opaque(std::string_view sql, std::size_t at, Dialect dialect) {
    const bool postgres = dialect == Dialect::Postgres;
    const char c = sql[at];
    const char next = at + 1 < sql.size() ? sql[at + 1] : '\0';
    if (c == '\'') return scan::after_quote(sql, at, postgres && scan::is_escape_string(sql, at));
    if (c == '"' || (c == '`' && !postgres)) return scan::after_quote(sql, at, false);
    if (c == '-' && next == '-') {
        const auto end = sql.find('\n', at);
        return end == std::string_view::npos ? sql.size() : end + 1;
    }
    if (c == '/' && next == '*') return scan::after_block_comment(sql, at, postgres);
    const bool after_name = at > 0 && (is_name_char(sql[at - 1]) || sql[at - 1] == '$');
    if (c == '$' && postgres && !after_name) return scan::after_dollar_quote(sql, at);
    return at;
}

}  // namespace zs::relational::sql
