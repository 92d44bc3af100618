// A search for the nearest rows, written so that it looks only at the candidates of an index.
#include "adapters/sqlite_data/vector_rewriter.hpp"

#include <algorithm>
#include <charconv>

namespace zs::sqlite_data {

// For each token the number that the engine gives a bare `?`; 0 for everything else. Empty: names
// and places are mixed, so that the number of a parameter depends on what stands before it.
std::optional<std::vector<std::size_t>> VectorRewriter::number_parameters() const {
    std::vector<std::size_t> numbers(tokens_.size(), 0);
    std::size_t last = 0;
    bool by_name = false;
    bool by_place = false;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
        if (tokens_[i].kind != TokenKind::Parameter) continue;
        const std::string_view text = tokens_.text(i);
        if (text.front() != '?') {
            by_name = true;
            continue;
        }
        by_place = true;
        std::size_t given = last + 1;
        if (text.size() > 1) {
            std::from_chars(text.data() + 1, text.data() + text.size(), given);
        } else {
            numbers[i] = given;
        }
        last = std::max(last, given);
    }
    if (by_name && by_place) return std::nullopt;
    return numbers;
}

std::string VectorRewriter::numbered_text(TokenRange range,
                                          const std::vector<std::size_t>& numbers) const {
    std::string out;
    std::size_t copied = tokens_[range.begin].begin;
    for (std::size_t i = range.begin; i < range.end; ++i) {
        out += sql_.substr(copied, tokens_[i].end - copied);
        copied = tokens_[i].end;
        if (numbers[i] != 0) out += std::to_string(numbers[i]);
    }
    return out;
}

std::optional<NearestSql> VectorRewriter::rewrite_nearest(const VectorColumns& columns) {
    const auto form = find_nearest_form(tokens_, columns);
    if (!form) return std::nullopt;
    // Also for the search that compares every row: the two have to agree.
    if (form->term_is_alias && !form->says_nulls) {
        edits_.insert(tokens_[form->term_last].end, " NULLS LAST");
    }
    const auto numbers = number_parameters();
    if (!numbers) return std::nullopt;
    NearestSql nearest;
    nearest.table = form->table;
    nearest.column = form->column;
    nearest.row_id = form->row_id;
    nearest.metric = form->metric;
    nearest.filtered = !form->where.empty();
    if (form->term_is_alias) nearest.alias = tokens_.name(form->term.begin);
    const std::string among = std::string(tokens_.text(form->qualifier)) + "." + form->row_id
                              + " IN (SELECT row_id FROM _zs_nearest)";
    SqlEdits edits = edits_;
    const auto around = [&](TokenRange range, std::string open, std::string close) {
        edits.wrap(tokens_[range.begin].begin, tokens_[range.end - 1].end, std::move(open),
                   std::move(close));
    };
    if (nearest.filtered) {
        around(form->where, among + " AND (", ")");
    } else {
        edits.insert(tokens_[form->order].begin, " WHERE " + among + " ");
    }
    around(form->term, "_zs_counted(", ")");
    nearest.text = edits.apply(sql_);
    nearest.arguments =
        "SELECT vec_from_json(" + numbered_text(form->query, *numbers) + "), "
        + numbered_text({form->limit, form->limit + 1}, *numbers) + ", "
        + (form->offset ? numbered_text({*form->offset, *form->offset + 1}, *numbers) : "0")
        + ", (SELECT max(" + form->row_id + ") FROM " + std::string(tokens_.text(form->name)) + ")";
    return nearest;
}

}  // namespace zs::sqlite_data
