#include "sqlite/sql_text.hpp"

#include <algorithm>

namespace zs::sqlite {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

bool is_word(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
           || c == '$' || byte >= 0x80;
}

// Behind the comment that begins at `at`, or `at` when none does. An unfinished block comment
// reaches to the end, as SQLite has it.
std::size_t skip_comment(std::string_view sql, std::size_t at) {
    if (sql.substr(at, 2) == "--") {
        const auto end = sql.find('\n', at);
        return end == std::string_view::npos ? sql.size() : end + 1;
    }
    if (sql.substr(at, 2) == "/*" && at + 2 < sql.size()) {
        const auto end = sql.find("*/", at + 2);
        return end == std::string_view::npos ? sql.size() : end + 2;
    }
    return at;
}

// Behind the literal or quoted name that begins at `at`. Doubling the quote escapes it, which this
// sees as two literals in a row: the end is the same.
std::size_t skip_quoted(std::string_view sql, std::size_t at) {
    const char close = sql[at] == '[' ? ']' : sql[at];
    const auto end = sql.find(close, at + 1);
    return end == std::string_view::npos ? sql.size() : end + 1;
}

std::string upper(std::string_view word) {
    std::string out(word);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return out;
}

// Follows just enough grammar to know whether a semicolon ends the statement: CREATE [TEMP] TRIGGER
// has a body that ends with END;
class TriggerBody {
public:
    void word(const std::string& text) {
        ++words_;
        if (words_ == 1 && text == "EXPLAIN") {
            explain_ = true;
            words_ = 0;
        } else if (explain_ && words_ <= 2 && (text == "QUERY" || text == "PLAN")) {
            words_ = 0;
        } else if (words_ == 1) {
            create_ = text == "CREATE";
        } else if (words_ == 2 && create_ && (text == "TEMP" || text == "TEMPORARY")) {
            words_ = 1;
        } else if (words_ == 2 && create_ && text == "TRIGGER") {
            trigger_ = true;
        }
        closed_ = after_semicolon_ && text == "END";
        after_semicolon_ = false;
    }
    void other() { closed_ = after_semicolon_ = false; }
    // True: this semicolon ends the statement.
    bool semicolon() {
        if (!trigger_ || closed_) return true;
        after_semicolon_ = true;
        return false;
    }

private:
    int words_ = 0;
    bool explain_ = false;
    bool create_ = false;
    bool trigger_ = false;
    bool after_semicolon_ = false;
    bool closed_ = false;
};

}  // namespace

std::size_t skip_blank(std::string_view sql, std::size_t from) {
    std::size_t at = from;
    while (at < sql.size()) {
        if (is_blank(sql[at])) {
            ++at;
            continue;
        }
        const auto behind = skip_comment(sql, at);
        if (behind == at) break;
        at = behind;
    }
    return std::min(at, sql.size());
}

bool is_empty_sql(std::string_view sql) {
    std::size_t at = skip_blank(sql);
    while (at < sql.size() && sql[at] == ';')
        at = skip_blank(sql, at + 1);
    return at == sql.size();
}

std::string first_keyword(std::string_view sql) {
    std::size_t at = skip_blank(sql);
    while (at < sql.size() && sql[at] == ';')
        at = skip_blank(sql, at + 1);
    std::size_t end = at;
    while (end < sql.size() && is_word(sql[end]))
        ++end;
    return upper(sql.substr(at, end - at));
}

std::size_t end_of_statement(std::string_view sql, std::size_t from) {
    TriggerBody body;
    std::size_t at = skip_blank(sql, from);
    while (at < sql.size()) {
        const char c = sql[at];
        if (c == ';') {
            ++at;
            if (body.semicolon()) return at;
        } else if (c == '\'' || c == '"' || c == '`' || c == '[') {
            at = skip_quoted(sql, at);
            body.other();
        } else if (is_word(c)) {
            const std::size_t begin = at;
            while (at < sql.size() && is_word(sql[at]))
                ++at;
            body.word(upper(sql.substr(begin, at - begin)));
        } else {
            ++at;
            body.other();
        }
        at = skip_blank(sql, at);
    }
    return sql.size();
}

}  // namespace zs::sqlite
