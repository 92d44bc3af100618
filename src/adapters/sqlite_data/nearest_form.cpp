#include "adapters/sqlite_data/nearest_form.hpp"

#include "base/encoding.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace zs::sqlite_data {
namespace {

// A statement with one of these somewhere is left alone. Names of columns among them cost only the
// index.
constexpr std::array<std::string_view, 19> kForeign = {
    "DISTINCT", "UNION",     "INTERSECT", "EXCEPT", "GROUP",  "HAVING", "OVER",
    "WINDOW",   "WITH",      "VALUES",    "JOIN",   "EXISTS", "RAISE",  "INDEXED",
    "INTO",     "RETURNING", "NATURAL",   "FILTER", "MATCH"};

// Words that may stand in a value that is the same for every row.
constexpr std::array<std::string_view, 6> kConstantWords = {"ARRAY",  "CAST", "AS",
                                                            "VECTOR", "VEC",  "VEC_FROM_JSON"};
constexpr std::array<std::string_view, 7> kConstantSymbols = {"(", ")", "[", "]", ",", "-", "+"};

// Functions over many rows: with one of them the rows in the answer are not those of the table.
constexpr std::array<std::string_view, 22> kAggregates = {"avg",
                                                          "count",
                                                          "group_concat",
                                                          "json_group_array",
                                                          "json_group_object",
                                                          "max",
                                                          "min",
                                                          "string_agg",
                                                          "sum",
                                                          "total",
                                                          "median",
                                                          "percentile",
                                                          "percentile_cont",
                                                          "percentile_disc",
                                                          "jsonb_group_array",
                                                          "jsonb_group_object",
                                                          "row_number",
                                                          "rank",
                                                          "dense_rank",
                                                          "lag",
                                                          "lead",
                                                          "ntile"};

template <class List>
bool contains(const List& list, std::string_view text) {
    return std::ranges::any_of(
        list, [&](std::string_view item) { return equals_ignoring_case(item, text); });
}

std::optional<vector::Metric> metric_of(std::string_view op) {
    if (op == "<->") return vector::Metric::L2;
    if (op == "<=>") return vector::Metric::Cosine;
    if (op == "<#>") return vector::Metric::InnerProduct;
    return std::nullopt;
}

class Finder {
public:
    Finder(const Tokens& tokens, const VectorColumns& columns)
        : tokens_(tokens), columns_(columns) {}

    std::optional<NearestForm> find() {
        const std::size_t select = first_word(tokens_);
        if (!tokens_.is_word(select, "SELECT") || !is_plain(select)) return std::nullopt;
        list_.begin = select + 1;
        const bool found = read_from() && read_where() && read_order() && read_limit();
        if (!found) return std::nullopt;
        form_.row_id = row_id_name();
        if (form_.row_id.empty()) return std::nullopt;
        return std::move(form_);
    }

private:
    bool is_plain(std::size_t select) const {
        for (std::size_t i = select; i < tokens_.size(); ++i) {
            if (tokens_[i].kind == TokenKind::Broken) return false;
            if (tokens_[i].kind == TokenKind::Word && contains(kForeign, tokens_.text(i))) {
                return false;
            }
            if (i > select && tokens_.is_word(i, "SELECT")) return false;
            const bool called = tokens_.is_name(i) && tokens_.is_symbol(i + 1, "(");
            if (called && contains(kAggregates, tokens_.name(i))) return false;
        }
        return true;
    }

    // The next token at the outermost level that is `word`.
    std::size_t next(std::size_t at, std::string_view word) const {
        while (at < tokens_.size() && (tokens_.depth(at) > 0 || !tokens_.is_word(at, word)))
            ++at;
        return at;
    }

    // FROM [main.]table [[AS] alias]
    bool read_from() {
        std::size_t at = next(list_.begin, "FROM");
        list_.end = at;
        if (at >= tokens_.size() || list_.empty()) return false;
        ++at;
        if (tokens_.is_word(at, "MAIN") && tokens_.is_symbol(at + 1, ".")) at += 2;
        if (!tokens_.is_name(at)) return false;
        form_.table = tokens_.name(at);
        form_.name = at;
        form_.qualifier = at++;
        table_ = columns_.find(form_.table);
        if (table_ == nullptr) return false;
        if (tokens_.is_word(at, "AS")) ++at;
        if (tokens_.is_name(at) && !tokens_.is_word(at, "WHERE") && !tokens_.is_word(at, "ORDER")) {
            form_.qualifier = at++;
        }
        at_ = at;
        return true;
    }

    bool read_where() {
        if (tokens_.is_word(at_, "WHERE")) {
            form_.where = {at_ + 1, next(at_, "ORDER")};
            if (form_.where.empty()) return false;
            at_ = form_.where.end;
        }
        form_.order = at_;
        return tokens_.is_word(at_, "ORDER") && tokens_.is_word(at_ + 1, "BY");
    }

    // ORDER BY distance [ASC] [NULLS LAST]
    bool read_order() {
        const std::size_t begin = at_ + 2;
        std::size_t end = next(begin, "LIMIT");
        if (end >= tokens_.size()) return false;
        at_ = end;
        form_.says_nulls = end >= begin + 2 && tokens_.is_word(end - 2, "NULLS")
                           && tokens_.is_word(end - 1, "LAST");
        if (form_.says_nulls) end -= 2;
        if (end <= begin) return false;
        form_.term_last = end - 1;
        if (tokens_.is_word(end - 1, "ASC")) --end;
        if (end <= begin) return false;
        form_.term = {begin, end};
        if (read_distance(form_.term)) return true;
        if (form_.term.end != form_.term.begin + 1 || !tokens_.is_name(begin)) return false;
        form_.term_is_alias = true;
        return read_alias(tokens_.name(begin));
    }

    // The one item of the list that is called so; no column is.
    bool read_alias(const std::string& alias) {
        if (std::ranges::find(table_->columns, alias) != table_->columns.end()) return false;
        std::size_t named = 0;
        TokenRange distance;
        for (std::size_t begin = list_.begin; begin < list_.end;) {
            std::size_t end = begin;
            while (end < list_.end && (tokens_.depth(end) > 0 || !tokens_.is_symbol(end, ",")))
                ++end;
            const TokenRange item = {begin, end};
            begin = end + 1;
            if (item.end < item.begin + 2 || !tokens_.is_name(item.end - 1)) continue;
            if (tokens_.name(item.end - 1) != alias) continue;
            const bool qualified = tokens_.is_symbol(item.end - 2, ".");
            if (qualified) return false;
            ++named;
            distance = {item.begin, item.end - 1};
            if (tokens_.is_word(distance.end - 1, "AS")) --distance.end;
        }
        return named == 1 && read_distance(distance);
    }

    bool read_distance(TokenRange range) {
        while (range.end > range.begin + 2 && tokens_.is_symbol(range.begin, "(")
               && tokens_.partner(range.begin) == range.end - 1) {
            ++range.begin;
            --range.end;
        }
        std::size_t op = Tokens::npos;
        for (std::size_t i = range.begin; i < range.end; ++i) {
            if (tokens_[i].kind != TokenKind::Symbol || !metric_of(tokens_.text(i))) continue;
            if (op != Tokens::npos || tokens_.depth(i) != tokens_.depth(range.begin)) return false;
            op = i;
        }
        if (op == Tokens::npos || op == range.begin || op + 1 >= range.end) return false;
        form_.metric = *metric_of(tokens_.text(op));
        const TokenRange left = {range.begin, op};
        const TokenRange right = {op + 1, range.end};
        return (read_column(left) && read_query(right)) || (read_column(right) && read_query(left));
    }

    // column, table.column or alias.column
    bool read_column(TokenRange range) {
        std::size_t name = range.begin;
        if (range.end == range.begin + 3) {
            if (!tokens_.is_name(name) || !tokens_.is_symbol(name + 1, ".")) return false;
            if (tokens_.name(name) != tokens_.name(form_.qualifier)) return false;
            name += 2;
        } else if (range.end != range.begin + 1) {
            return false;
        }
        if (!tokens_.is_name(name)) return false;
        form_.column = tokens_.name(name);
        return table_->find(form_.column) != nullptr;
    }

    bool read_query(TokenRange range) {
        for (std::size_t i = range.begin; i < range.end; ++i) {
            const std::string_view text = tokens_.text(i);
            switch (tokens_[i].kind) {
                case TokenKind::Word:
                    if (!contains(kConstantWords, text)) return false;
                    break;
                case TokenKind::Symbol:
                    if (!contains(kConstantSymbols, text)) return false;
                    break;
                case TokenKind::String:
                case TokenKind::Blob:
                case TokenKind::Number:
                case TokenKind::Parameter: break;
                case TokenKind::Quoted:
                case TokenKind::Broken: return false;
            }
        }
        form_.query = range;
        return true;
    }

    bool is_amount(std::size_t i) const {
        return i < tokens_.size()
               && (tokens_[i].kind == TokenKind::Number || tokens_[i].kind == TokenKind::Parameter);
    }

    // LIMIT n, LIMIT n OFFSET m, LIMIT m, n
    bool read_limit() {
        form_.limit = at_ + 1;
        if (!is_amount(form_.limit)) return false;
        std::size_t end = form_.limit + 1;
        const bool comma = tokens_.is_symbol(end, ",");
        if (comma || tokens_.is_word(end, "OFFSET")) {
            if (!is_amount(end + 1)) return false;
            form_.offset = end + 1;
            if (comma) std::swap(form_.limit, *form_.offset);
            end += 2;
        }
        while (tokens_.is_symbol(end, ";"))
            ++end;
        return end == tokens_.size();
    }

    std::string row_id_name() const {
        for (const std::string_view name : {"rowid", "_rowid_", "oid"}) {
            if (std::ranges::find(table_->columns, name) == table_->columns.end()) {
                return std::string(name);
            }
        }
        return {};
    }

    const Tokens& tokens_;
    const VectorColumns& columns_;
    const VectorTable* table_ = nullptr;
    TokenRange list_;
    std::size_t at_ = 0;
    NearestForm form_;
};

}  // namespace

std::size_t first_word(const Tokens& tokens) {
    std::size_t at = 0;
    while (tokens.is_symbol(at, ";"))
        ++at;
    if (tokens.is_word(at, "EXPLAIN")) ++at;
    if (tokens.is_word(at, "QUERY") && tokens.is_word(at + 1, "PLAN")) at += 2;
    return at;
}

std::optional<NearestForm> find_nearest_form(const Tokens& tokens, const VectorColumns& columns) {
    return Finder(tokens, columns).find();
}

}  // namespace zs::sqlite_data
