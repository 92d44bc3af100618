// VECTOR(n) in definitions, and values on their way into such columns.
#include "adapters/sqlite_data/vector_rewriter.hpp"
#include "base/encoding.hpp"

#include <algorithm>
#include <array>

namespace zs::sqlite_data {
namespace {

bool begins_constraint(const Tokens& tokens, std::size_t i) {
    constexpr std::array<std::string_view, 5> kWords = {"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK",
                                                        "FOREIGN"};
    return std::ranges::any_of(kWords,
                               [&](std::string_view word) { return tokens.is_word(i, word); });
}

// A column's name as an expression: 'name' would be a text there.
std::string as_name(const Tokens& tokens, std::size_t i) {
    const std::string_view token = tokens.text(i);
    if (tokens[i].kind != TokenKind::String) return std::string(token);
    std::string out = "\"";
    for (std::size_t at = 1; at + 1 < token.size(); ++at) {
        if (token[at] == '\'') ++at;
        if (token[at] == '"') out += '"';
        out += token[at];
    }
    return out + "\"";
}

std::string quoted_text(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out += c;
        out += c;
    }
    return out + "'";
}

}  // namespace

// ---- CREATE TABLE, ALTER TABLE ADD COLUMN, and what only looks like SQL of this engine

Result<void> VectorRewriter::rewrite_definition() {
    std::size_t at = first_word(tokens_);
    auto known = refuse_index_statements(at);
    if (!known) return known;
    if (tokens_.is_word(at, "ALTER") && tokens_.is_word(at + 1, "TABLE")) {
        at += tokens_.is_symbol(at + 3, ".") ? 5 : 3;
        if (!tokens_.is_word(at, "ADD")) return {};
        if (tokens_.is_word(at + 1, "COLUMN")) ++at;
        return rewrite_column(at + 1);
    }
    if (!tokens_.is_word(at, "CREATE")) return {};
    ++at;
    if (tokens_.is_word(at, "TEMP") || tokens_.is_word(at, "TEMPORARY")) ++at;
    if (!tokens_.is_word(at, "TABLE")) return {};
    while (at < tokens_.size() && !tokens_.is_symbol(at, "(")) {
        if (tokens_.is_word(at, "AS")) return {};  // AS SELECT has no definitions
        ++at;
    }
    if (at >= tokens_.size() || tokens_.partner(at) == Tokens::npos) return {};
    for (const Range& part : split_at_commas({at + 1, tokens_.partner(at)})) {
        if (part.size() < 2 || begins_constraint(tokens_, part.begin)) continue;
        auto done = rewrite_column(part.begin);
        if (!done) return done;
    }
    return {};
}

// The statements of vector indexes are taken out before a text comes here, where they stand alone.
Result<void> VectorRewriter::refuse_index_statements(std::size_t first) const {
    if (tokens_.is_word(first, "SET") && tokens_.is_word(first + 1, "HNSW")) {
        return error_at(first, "SET hnsw.ef_search cannot be explained", "sql_error");
    }
    std::size_t at = first + 1;
    if (tokens_.is_word(at, "UNIQUE")) ++at;
    if (!tokens_.is_word(first, "CREATE") || !tokens_.is_word(at, "INDEX")) return {};
    for (; at < tokens_.size() && !tokens_.is_symbol(at, "("); ++at) {
        if (!tokens_.is_word(at, "USING") || !tokens_.is_word(at + 1, "HNSW")) continue;
        return error_at(at,
                        "an index USING hnsw is made by a statement of its own, outside of "
                        "transactions and EXPLAIN: send it to POST /v1/sql",
                        "sql_error");
    }
    return {};
}

// `name VECTOR(n)`; every other type is left alone.
Result<void> VectorRewriter::rewrite_column(std::size_t name) {
    const std::size_t type = name + 1;
    if (!tokens_.is_word(type, "VECTOR")) return {};
    const bool sized = tokens_.is_symbol(type + 1, "(") && tokens_.partner(type + 1) == type + 3;
    if (!sized) {
        return error_at(type, "VECTOR takes the number of its dimensions, as in VECTOR(3)",
                        "sql_syntax_error");
    }
    auto dimensions = dimensions_at(type + 2);
    if (!dimensions) return std::move(dimensions).error();
    edits_.insert(tokens_[type + 3].end, " CHECK (vec_check(" + as_name(tokens_, name) + ","
                                             + std::to_string(*dimensions) + "))");
    return {};
}

// ---- INSERT and UPDATE

// INSERT, REPLACE or UPDATE of the statement itself: behind EXPLAIN and WITH, which keep what
// they hold in parentheses. npos: it does not write.
std::size_t VectorRewriter::find_write() const {
    std::size_t at = first_word(tokens_);
    const bool with = tokens_.is_word(at, "WITH");
    for (; at < tokens_.size(); ++at) {
        if (tokens_.depth(at) > 0) continue;
        if (tokens_.is_word(at, "SELECT")) return Tokens::npos;
        if (tokens_.is_word(at, "INSERT") || tokens_.is_word(at, "UPDATE")) return at;
        if (tokens_.is_word(at, "REPLACE") && tokens_.is_word(at + 1, "INTO")) return at;
        if (!with) return Tokens::npos;
    }
    return Tokens::npos;
}

Result<void> VectorRewriter::rewrite_values(const VectorColumns& columns) {
    std::size_t at = find_write();
    if (at == Tokens::npos) return {};
    const bool updates = tokens_.is_word(at, "UPDATE");
    ++at;
    if (tokens_.is_word(at, "OR")) at += 2;
    if (updates) return rewrite_update(at, columns);
    return tokens_.is_word(at, "INTO") ? rewrite_insert(at + 1, columns) : Result<void>();
}

Result<void> VectorRewriter::rewrite_insert(std::size_t into, const VectorColumns& columns) {
    std::size_t at = into;
    if (tokens_.is_symbol(at + 1, ".")) at += 2;
    const VectorTable* const table = columns.find(tokens_.name(at));
    if (table == nullptr) return {};
    ++at;
    if (tokens_.is_word(at, "AS")) at += 2;
    std::vector<const VectorColumn*> targets;
    if (tokens_.is_symbol(at, "(") && tokens_.partner(at) != Tokens::npos) {
        for (const Range& part : split_at_commas({at + 1, tokens_.partner(at)})) {
            targets.push_back(part.size() == 1 ? table->find(tokens_.name(part.begin)) : nullptr);
        }
        at = tokens_.partner(at) + 1;
    } else {
        for (std::size_t i = 0; i < table->columns.size(); ++i)
            targets.push_back(table->at(i));
    }
    if (tokens_.is_word(at, "VALUES")) {
        auto done = rewrite_rows(at + 1, *table, targets);
        if (!done) return done;
    }
    // ON CONFLICT … DO UPDATE SET …, as often as it comes.
    for (; at < tokens_.size(); ++at) {
        const bool upsert = tokens_.depth(at) == 0 && tokens_.is_word(at, "DO")
                            && tokens_.is_word(at + 1, "UPDATE") && tokens_.is_word(at + 2, "SET");
        if (!upsert) continue;
        auto done = rewrite_assignments(at + 3, *table);
        if (!done) return done;
    }
    return {};
}

Result<void> VectorRewriter::rewrite_rows(std::size_t first, const VectorTable& table,
                                          const std::vector<const VectorColumn*>& targets) {
    for (std::size_t at = first; tokens_.is_symbol(at, "("); ++at) {
        const std::size_t close = tokens_.partner(at);
        if (close == Tokens::npos) return {};
        const auto values = split_at_commas({at + 1, close});
        for (std::size_t i = 0; i < values.size() && i < targets.size(); ++i) {
            if (targets[i] == nullptr) continue;
            auto done = convert(values[i], table, *targets[i]);
            if (!done) return done;
        }
        at = close + 1;
        if (!tokens_.is_symbol(at, ",")) return {};
    }
    return {};
}

Result<void> VectorRewriter::rewrite_update(std::size_t word, const VectorColumns& columns) {
    std::size_t at = word;
    if (tokens_.is_symbol(at + 1, ".")) at += 2;
    const VectorTable* const table = columns.find(tokens_.name(at));
    if (table == nullptr) return {};
    for (; at < tokens_.size(); ++at) {
        if (tokens_.depth(at) == 0 && tokens_.is_word(at, "SET")) {
            return rewrite_assignments(at + 1, *table);
        }
    }
    return {};
}

bool VectorRewriter::ends_assignments(std::size_t token) const {
    if (tokens_.is_symbol(token, ";")) return true;
    if (tokens_.is_word(token, "FROM")) return !tokens_.is_word(token - 1, "DISTINCT");
    constexpr std::array<std::string_view, 5> kWords = {"WHERE", "RETURNING", "ORDER", "LIMIT",
                                                        "ON"};
    return std::ranges::any_of(kWords,
                               [&](std::string_view word) { return tokens_.is_word(token, word); });
}

Result<void> VectorRewriter::rewrite_assignments(std::size_t first, const VectorTable& table) {
    std::size_t end = first;
    while (end < tokens_.size() && (tokens_.depth(end) > 0 || !ends_assignments(end)))
        ++end;
    for (const Range& assignment : split_at_commas({first, end})) {
        auto done = rewrite_assignment(assignment, table);
        if (!done) return done;
    }
    return {};
}

// `column = value`, or `(a, b) = (1, 2)`. A row out of a SELECT is left to the column's own check.
Result<void> VectorRewriter::rewrite_assignment(Range assignment, const VectorTable& table) {
    const std::size_t at = assignment.begin;
    if (assignment.size() < 3) return {};
    if (tokens_.is_name(at) && tokens_.is_symbol(at + 1, "=")) {
        const VectorColumn* const column = table.find(tokens_.name(at));
        if (column == nullptr) return {};
        return convert({at + 2, assignment.end}, table, *column);
    }
    if (!tokens_.is_symbol(at, "(") || tokens_.partner(at) == Tokens::npos) return {};
    const std::size_t equals = tokens_.partner(at) + 1;
    const std::size_t open = equals + 1;
    const bool row = tokens_.is_symbol(equals, "=") && tokens_.is_symbol(open, "(")
                     && tokens_.partner(open) == assignment.end - 1
                     && !tokens_.is_word(open + 1, "SELECT") && !tokens_.is_word(open + 1, "WITH")
                     && !tokens_.is_word(open + 1, "VALUES");
    if (!row) return {};
    const auto names = split_at_commas({at + 1, equals - 1});
    const auto values = split_at_commas({open + 1, assignment.end - 1});
    for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) {
        if (names[i].size() != 1) continue;
        const VectorColumn* const column = table.find(tokens_.name(names[i].begin));
        if (column == nullptr) continue;
        auto done = convert(values[i], table, *column);
        if (!done) return done;
    }
    return {};
}

Result<void> VectorRewriter::convert(Range value, const VectorTable& table,
                                     const VectorColumn& column) {
    if (value.size() == 0) return {};
    const std::string where = table.name + "." + column.name;
    const auto folded = folded_.find(value.begin);
    const bool is_array =
        folded != folded_.end() && tokens_.partner(value.begin + 1) == value.end - 1;
    if (is_array) {
        if (folded->second == column.dimensions) return {};
        Error error = error_at(value.begin,
                               where + " takes vectors of " + std::to_string(column.dimensions)
                                   + " numbers; this one has " + std::to_string(folded->second),
                               "dimension_mismatch");
        error.details["expected"] = column.dimensions;
        error.details["given"] = folded->second;
        return error;
    }
    wrap(value, "vec_column(",
         "," + std::to_string(column.dimensions) + "," + quoted_text(where) + ")");
    return {};
}

}  // namespace zs::sqlite_data
