#include "adapters/sqlite_data/sql_tokens.hpp"

#include "base/encoding.hpp"
#include "sqlite/sql_text.hpp"

#include <array>

namespace zs::sqlite_data {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_word_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'
           || static_cast<unsigned char>(c) >= 0x80;
}

bool is_word_part(char c) {
    return is_word_start(c) || is_digit(c) || c == '$';
}

// The longest first.
constexpr std::array<std::string_view, 13> kLongSymbols = {
    "<->", "<=>", "<#>", "->>", "->", "||", "<=", ">=", "<>", "<<", ">>", "==", "!="};

struct Cutter {
    std::string_view sql;
    std::size_t at = 0;

    char peek(std::size_t ahead = 0) const {
        return at + ahead < sql.size() ? sql[at + ahead] : '\0';
    }
    void skip_words() {
        while (at < sql.size() && is_word_part(sql[at]))
            ++at;
    }
    // True: the end was found. A doubled quote stands for one.
    bool skip_quoted(char close) {
        for (++at; at < sql.size(); ++at) {
            if (sql[at] != close) continue;
            ++at;
            if (close == ']' || peek() != close) return true;
        }
        return false;
    }
    TokenKind skip_number() {
        if (peek() == '0' && (peek(1) | 0x20) == 'x') {
            at += 2;
        } else {
            while (is_digit(peek()) || peek() == '_')
                ++at;
            if (peek() == '.') ++at;
            while (is_digit(peek()) || peek() == '_')
                ++at;
            if ((peek() | 0x20) == 'e') {
                const bool sign = peek(1) == '+' || peek(1) == '-';
                if (is_digit(peek(sign ? 2 : 1))) at += sign ? 2 : 1;
            }
        }
        // 12abc is one token that the engine refuses.
        skip_words();
        return TokenKind::Number;
    }
    TokenKind skip_parameter() {
        ++at;
        const std::size_t begin = at;
        while (at < sql.size()) {
            if (sql.substr(at, 2) == "::") {
                at += 2;
            } else if (is_word_part(sql[at])) {
                ++at;
            } else {
                break;
            }
        }
        return at > begin ? TokenKind::Parameter : TokenKind::Broken;
    }

    TokenKind skip() {
        const char c = peek();
        if (c == '\'') return skip_quoted('\'') ? TokenKind::String : TokenKind::Broken;
        if (c == '"' || c == '`') return skip_quoted(c) ? TokenKind::Quoted : TokenKind::Broken;
        if (c == '[') return skip_quoted(']') ? TokenKind::Quoted : TokenKind::Broken;
        if ((c | 0x20) == 'x' && peek(1) == '\'') {
            ++at;
            return skip_quoted('\'') ? TokenKind::Blob : TokenKind::Broken;
        }
        if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return skip_number();
        if (is_word_start(c)) {
            skip_words();
            return TokenKind::Word;
        }
        if (c == '?') {
            ++at;
            while (is_digit(peek()))
                ++at;
            return TokenKind::Parameter;
        }
        for (const auto symbol : kLongSymbols) {
            if (sql.substr(at, symbol.size()) != symbol) continue;
            at += symbol.size();
            return TokenKind::Symbol;
        }
        if (c == '$' || c == '@' || c == ':' || c == '#') return skip_parameter();
        ++at;
        return c == '\0' || c == '!' || c == '\\' || c == '^' ? TokenKind::Broken
                                                              : TokenKind::Symbol;
    }
};

}  // namespace

Tokens::Tokens(std::string_view sql) : sql_(sql.substr(0, sql.find('\0'))) {
    cut();
    pair_up();
}

void Tokens::cut() {
    Cutter cutter{sql_};
    std::vector<char> open;  // within ARRAY[ … ]: what has to be closed
    while (true) {
        cutter.at = sqlite::skip_blank(sql_, cutter.at);
        // The engine takes a byte order mark for a blank.
        if (sql_.substr(cutter.at, 3) == "\xEF\xBB\xBF") {
            cutter.at += 3;
            continue;
        }
        if (cutter.at >= sql_.size()) return;
        Token token;
        token.begin = cutter.at;
        const char c = sql_[cutter.at];
        const bool opens_list = c == '[' && !tokens_.empty() && tokens_.back().end == token.begin
                                && is_word(tokens_.size() - 1, "ARRAY")
                                && !(tokens_.size() > 1 && is_symbol(tokens_.size() - 2, "."));
        const bool closes_list = c == ']' && !open.empty() && open.back() == '[';
        if (opens_list || closes_list) {
            ++cutter.at;
            if (opens_list) {
                open.push_back('[');
            } else {
                open.pop_back();
            }
        } else {
            token.kind = cutter.skip();
            if (c == '(' && !open.empty()) open.push_back('(');
            if (c == ')' && !open.empty() && open.back() == '(') open.pop_back();
        }
        token.end = cutter.at;
        tokens_.push_back(token);
    }
}

void Tokens::pair_up() {
    partners_.assign(tokens_.size(), npos);
    depths_.assign(tokens_.size(), 0);
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
        const bool closes = is_symbol(i, ")") || is_symbol(i, "]");
        if (closes && !open.empty()) {
            const bool round = is_symbol(i, ")");
            if (is_symbol(open.back(), round ? "(" : "[")) {
                partners_[i] = open.back();
                partners_[open.back()] = i;
            }
            open.pop_back();
        }
        depths_[i] = open.size();
        if (is_symbol(i, "(") || is_symbol(i, "[")) open.push_back(i);
    }
}

std::string_view Tokens::text(std::size_t i) const {
    if (i >= tokens_.size()) return {};
    return sql_.substr(tokens_[i].begin, tokens_[i].end - tokens_[i].begin);
}

bool Tokens::is_word(std::size_t i, std::string_view upper) const {
    return i < tokens_.size() && tokens_[i].kind == TokenKind::Word
           && equals_ignoring_case(text(i), upper);
}

bool Tokens::is_symbol(std::size_t i, std::string_view symbol) const {
    return i < tokens_.size() && tokens_[i].kind == TokenKind::Symbol && text(i) == symbol;
}

bool Tokens::is_name(std::size_t i) const {
    return i < tokens_.size()
           && (tokens_[i].kind == TokenKind::Word || tokens_[i].kind == TokenKind::Quoted);
}

std::string Tokens::name(std::size_t i) const {
    const std::string_view token = text(i);
    if (i >= tokens_.size() || tokens_[i].kind != TokenKind::Quoted) return to_lower(token);
    const char close = token.back();
    std::string out;
    for (std::size_t at = 1; at + 1 < token.size(); ++at) {
        if (token[at] == close && close != ']') ++at;  // doubled
        out += token[at];
    }
    return to_lower(out);
}

}  // namespace zs::sqlite_data
