// Arrays, casts and distances.
#include "adapters/sqlite_data/vector_rewriter.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace zs::sqlite_data {
namespace {

// What a call with an expression in it may have: the engine's own limit is 127.
constexpr std::size_t kExpressionsMax = 100;

// Words that stand before a parenthesis without being a function, or before a value.
constexpr std::array<std::string_view, 46> kNoOperands = {
    "ALL",     "AND",      "AS",    "BETWEEN", "BY",     "CASE",   "CHECK",     "COLLATE",
    "DEFAULT", "DISTINCT", "DO",    "ELSE",    "END",    "ESCAPE", "EXCEPT",    "EXISTS",
    "FILTER",  "FROM",     "GLOB",  "GROUP",   "HAVING", "IN",     "INTERSECT", "INTO",
    "IS",      "ISNULL",   "JOIN",  "LIKE",    "LIMIT",  "MATCH",  "NOT",       "NOTNULL",
    "OFFSET",  "ON",       "OR",    "ORDER",   "OVER",   "REGEXP", "RETURNING", "SELECT",
    "SET",     "THEN",     "UNION", "USING",   "VALUES", "WHEN"};

bool is_no_operand(const Tokens& tokens, std::size_t i) {
    if (tokens.is_word(i, "WHERE")) return true;
    return std::ranges::any_of(kNoOperands,
                               [&](std::string_view word) { return tokens.is_word(i, word); });
}

// What binds as tightly as a distance, or tighter: side by side it is not clear what is meant.
bool is_tight(const Tokens& tokens, std::size_t i) {
    constexpr std::array<std::string_view, 15> kTight = {
        "+", "-", "*", "/", "%", "||", "->", "->>", "&", "|", "<<", ">>", "~", "<->", "<=>"};
    return tokens.is_symbol(i, "<#>") || std::ranges::any_of(kTight, [&](std::string_view symbol) {
               return tokens.is_symbol(i, symbol);
           });
}

std::string_view function_of(std::string_view op) {
    if (op == "<->") return "vec_l2";
    if (op == "<=>") return "vec_cosine";
    if (op == "<#>") return "vec_ip";
    return {};
}

}  // namespace

VectorRewriter::VectorRewriter(std::string_view sql, std::size_t dimensions_max)
    : sql_(sql), dimensions_max_(dimensions_max), tokens_(sql) {}

Error VectorRewriter::error_at(std::size_t token, std::string message, std::string reason) const {
    const std::size_t offset = token < tokens_.size() ? tokens_[token].begin : sql_.size();
    return at_offset(invalid_argument(std::move(message), std::move(reason)), sql_, offset);
}

// The number of VECTOR(number).
Result<std::size_t> VectorRewriter::dimensions_at(std::size_t token) const {
    const std::string_view digits = tokens_.text(token);
    std::size_t dimensions = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), dimensions);
    const bool whole = error == std::errc() && end == digits.data() + digits.size();
    if ((whole && dimensions > dimensions_max_) || error == std::errc::result_out_of_range) {
        return error_at(token,
                        "a vector has at most " + std::to_string(dimensions_max_) + " dimensions",
                        "dimension_too_large");
    }
    if (!whole || dimensions == 0) {
        return error_at(token, "VECTOR takes the number of its dimensions, as in VECTOR(3)",
                        "sql_syntax_error");
    }
    return dimensions;
}

std::vector<VectorRewriter::Range> VectorRewriter::split_at_commas(Range list) const {
    std::vector<Range> parts;
    if (list.size() == 0) return parts;
    const std::size_t depth = tokens_.depth(list.begin);
    std::size_t begin = list.begin;
    for (std::size_t i = list.begin; i < list.end; ++i) {
        if (tokens_.depth(i) != depth || !tokens_.is_symbol(i, ",")) continue;
        parts.push_back({begin, i});
        begin = i + 1;
    }
    parts.push_back({begin, list.end});
    return parts;
}

void VectorRewriter::wrap(Range tokens, std::string open, std::string close) {
    edits_.wrap(tokens_[tokens.begin].begin, tokens_[tokens.end - 1].end, std::move(open),
                std::move(close));
}

// ---- ARRAY[…]

Result<void> VectorRewriter::rewrite_arrays() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
        if (!tokens_.is_word(i, "ARRAY") || !tokens_.is_symbol(i + 1, "[")) continue;
        auto done = rewrite_array(i);
        if (!done) return done;
    }
    return {};
}

Result<void> VectorRewriter::rewrite_array(std::size_t word) {
    const std::size_t close = tokens_.partner(word + 1);
    if (close == Tokens::npos) {
        return error_at(word, "SQL parsing failed: ARRAY[ without its ]", "sql_syntax_error");
    }
    const auto elements = split_at_commas({word + 2, close});
    const auto missing = std::ranges::find(elements, std::size_t{0}, &Range::size);
    if (elements.empty() || missing != elements.end()) {
        const std::size_t at = elements.empty() ? close : missing->begin;
        return error_at(at, "ARRAY[…] needs a number here", "not_a_vector");
    }
    if (elements.size() > dimensions_max_) {
        return error_at(word,
                        "a vector has at most " + std::to_string(dimensions_max_) + " dimensions",
                        "dimension_too_large");
    }
    auto bytes = fold(elements);
    if (!bytes) return std::move(bytes).error();
    if (!bytes->empty()) {
        folded_[word] = elements.size();
        edits_.replace(tokens_[word].begin, tokens_[close].end, "vec(x'" + to_hex(*bytes) + "')");
        return {};
    }
    if (elements.size() > kExpressionsMax) {
        return error_at(word,
                        "an ARRAY with parameters or expressions has at most "
                            + std::to_string(kExpressionsMax)
                            + " elements; pass the whole vector as one parameter",
                        "sql_error");
    }
    edits_.replace(tokens_[word].begin, tokens_[word + 1].end, "vec_array(");
    edits_.replace(tokens_[close].begin, tokens_[close].end, ")");
    return {};
}

Result<std::string> VectorRewriter::fold(const std::vector<Range>& elements) const {
    std::string bytes;
    for (const Range& element : elements) {
        std::size_t at = element.begin;
        const bool negative = tokens_.is_symbol(at, "-");
        if (negative || tokens_.is_symbol(at, "+")) ++at;
        if (at + 1 != element.end || tokens_[at].kind != TokenKind::Number) return std::string();
        const std::string_view digits = tokens_.text(at);
        double value = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        // Hexadecimal, 1_000 and what the engine refuses: it can tell.
        if (end != digits.data() + digits.size()) return std::string();
        if (error == std::errc::result_out_of_range) {
            value = std::strtod(std::string(digits).c_str(), nullptr);
        }
        const auto number = static_cast<float>(negative ? -value : value);
        if (!std::isfinite(number)) {
            return error_at(at, "this is beyond the range of a 32-bit number", "not_a_vector");
        }
        bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
    }
    return bytes;
}

// ---- CAST(… AS VECTOR(n))

Result<void> VectorRewriter::rewrite_casts() {
    for (std::size_t i = 0; i + 1 < tokens_.size(); ++i) {
        if (!tokens_.is_word(i, "CAST") || !tokens_.is_symbol(i + 1, "(")) continue;
        const std::size_t close = tokens_.partner(i + 1);
        if (close == Tokens::npos || close < i + 5) continue;
        if (tokens_.is_word(close - 1, "VECTOR") && tokens_.is_word(close - 2, "AS")) {
            return error_at(close - 1, "VECTOR takes the number of its dimensions, as in VECTOR(3)",
                            "sql_syntax_error");
        }
        const bool to_vector = close >= i + 8 && tokens_.is_word(close - 5, "AS")
                               && tokens_.is_word(close - 4, "VECTOR")
                               && tokens_.is_symbol(close - 3, "(")
                               && tokens_.partner(close - 3) == close - 1;
        if (!to_vector) continue;
        auto dimensions = dimensions_at(close - 2);
        if (!dimensions) return std::move(dimensions).error();
        edits_.replace(tokens_[i].begin, tokens_[i].end, "vec_cast");
        edits_.replace(tokens_[close - 5].begin, tokens_[close - 1].end,
                       "," + std::to_string(*dimensions));
    }
    return {};
}

// ---- <->, <=>, <#>

Result<void> VectorRewriter::rewrite_distances() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
        if (tokens_[i].kind != TokenKind::Symbol) continue;
        const std::string_view function = function_of(tokens_.text(i));
        if (function.empty()) continue;
        auto done = rewrite_distance(i, function);
        if (!done) return done;
    }
    return {};
}

Result<void> VectorRewriter::rewrite_distance(std::size_t op, std::string_view function) {
    const std::string shown(tokens_.text(op));
    if (op == 0 || op + 1 >= tokens_.size()) {
        return error_at(op, "SQL parsing failed: " + shown + " needs a vector on both sides",
                        "sql_syntax_error");
    }
    auto begin = begin_of_operand(op - 1);
    if (!begin) return std::move(begin).error();
    auto end = end_of_operand(op + 1);
    if (!end) return std::move(end).error();
    const bool tight_before = *begin > 0 && is_tight(tokens_, *begin - 1);
    if (tight_before || is_tight(tokens_, *end)) {
        return error_at(tight_before ? *begin - 1 : *end,
                        "SQL parsing failed: put the distance in parentheses: (a " + shown + " b)",
                        "sql_syntax_error");
    }
    wrap({*begin, *end}, std::string(function) + "(", ")");
    edits_.replace(tokens_[op].begin, tokens_[op].end, ",");
    order_missing_last({*begin, *end});
    return {};
}

// A row without a vector is infinitely far: ORDER BY a distance puts it last, as an index does.
void VectorRewriter::order_missing_last(Range distance) {
    auto [begin, end] = distance;
    while (begin > 0 && tokens_.is_symbol(begin - 1, "(") && tokens_.partner(begin - 1) == end) {
        const bool called = begin > 1 && tokens_.is_name(begin - 2);
        if (called && !is_no_operand(tokens_, begin - 2)) return;
        --begin;
        ++end;
    }
    if (!is_order_term(begin)) return;
    const std::size_t last = tokens_.is_word(end, "ASC") ? end : end - 1;
    const std::size_t next = last + 1;
    const bool ends = next >= tokens_.size() || tokens_.is_symbol(next, ",")
                      || tokens_.is_symbol(next, ")") || tokens_.is_symbol(next, ";")
                      || tokens_.is_word(next, "LIMIT");
    if (ends) edits_.insert(tokens_[last].end, " NULLS LAST");
}

bool VectorRewriter::is_order_term(std::size_t first) const {
    if (first == 0) return false;
    if (!tokens_.is_word(first - 1, "BY") && !tokens_.is_symbol(first - 1, ",")) return false;
    const std::size_t depth = tokens_.depth(first);
    for (std::size_t i = first; i-- > 0;) {
        if (tokens_.depth(i) > depth) continue;
        if (tokens_.depth(i) < depth) return false;
        if (tokens_.is_word(i, "BY")) return i > 0 && tokens_.is_word(i - 1, "ORDER");
        for (const std::string_view word : {"SELECT", "FROM", "WHERE", "SET", "VALUES", "LIMIT"}) {
            if (tokens_.is_word(i, word)) return false;
        }
    }
    return false;
}

// The first token of the operand whose last one is `last`.
Result<std::size_t> VectorRewriter::begin_of_operand(std::size_t last) const {
    const auto refuse = [&] {
        return error_at(last,
                        "SQL parsing failed: a distance needs a name, a parameter, a call, "
                        "ARRAY[…] or something in parentheses on its left",
                        "sql_syntax_error");
    };
    const bool closes = tokens_.is_symbol(last, ")") || tokens_.is_symbol(last, "]");
    if (closes) {
        const std::size_t open = tokens_.partner(last);
        if (open == Tokens::npos) return refuse();
        if (tokens_.is_symbol(last, "]")) return open - 1;  // the word ARRAY
        const bool called = open > 0 && tokens_.is_name(open - 1);
        if (tokens_.is_word(open - 1, "FILTER") || tokens_.is_word(open - 1, "OVER")) {
            return refuse();
        }
        return called && !is_no_operand(tokens_, open - 1) ? open - 1 : open;
    }
    if (tokens_.is_name(last)) {
        if (is_no_operand(tokens_, last)) return refuse();
        while (last >= 2 && tokens_.is_symbol(last - 1, ".") && tokens_.is_name(last - 2))
            last -= 2;
        return last;
    }
    const TokenKind kind = tokens_[last].kind;
    if (kind == TokenKind::Symbol || kind == TokenKind::Broken) return refuse();
    return last;
}

// Behind the last token of the operand whose first one is `first`.
Result<std::size_t> VectorRewriter::end_of_operand(std::size_t first) const {
    const auto refuse = [&] {
        return error_at(first,
                        "SQL parsing failed: a distance needs a name, a parameter, a call, "
                        "ARRAY[…] or something in parentheses on its right",
                        "sql_syntax_error");
    };
    const auto behind = [&](std::size_t open) -> Result<std::size_t> {
        if (tokens_.partner(open) == Tokens::npos) return refuse();
        return tokens_.partner(open) + 1;
    };
    if (tokens_.is_symbol(first, "(")) return behind(first);
    if (tokens_.is_name(first)) {
        if (is_no_operand(tokens_, first)) return refuse();
        while (tokens_.is_symbol(first + 1, ".") && tokens_.is_name(first + 2))
            first += 2;
        if (tokens_.is_symbol(first + 1, "[")) return behind(first + 1);
        if (!tokens_.is_symbol(first + 1, "(")) return first + 1;
        auto end = behind(first + 1);
        if (end && (tokens_.is_word(*end, "FILTER") || tokens_.is_word(*end, "OVER"))) {
            return refuse();
        }
        return end;
    }
    const TokenKind kind = tokens_[first].kind;
    if (kind == TokenKind::Symbol || kind == TokenKind::Broken) return refuse();
    return first + 1;
}

}  // namespace zs::sqlite_data
