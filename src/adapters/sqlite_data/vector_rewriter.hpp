#pragma once

#include "adapters/sqlite_data/nearest_form.hpp"
#include "adapters/sqlite_data/sql_edits.hpp"
#include "adapters/sqlite_data/sql_tokens.hpp"
#include "adapters/sqlite_data/vector_columns.hpp"
#include "base/error.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::sqlite_data {

// One statement being rewritten; see vector_sugar.hpp. Lifetime: borrows the text.
class VectorRewriter {
public:
    VectorRewriter(std::string_view sql, std::size_t dimensions_max);
    // In this order. Each stops at the first error.
    Result<void> rewrite_arrays();
    Result<void> rewrite_casts();
    Result<void> rewrite_distances();
    Result<void> rewrite_definition();
    Result<void> rewrite_values(const VectorColumns& columns);
    // At the end: a search for the nearest rows, once more for an index.
    std::optional<NearestSql> rewrite_nearest(const VectorColumns& columns);
    SqlEdits& edits() { return edits_; }

private:
    // Tokens [begin, end).
    struct Range {
        std::size_t begin = 0;
        std::size_t end = 0;
        std::size_t size() const { return end - begin; }
    };
    Error error_at(std::size_t token, std::string message, std::string reason) const;
    Result<std::size_t> dimensions_at(std::size_t token) const;
    std::vector<Range> split_at_commas(Range list) const;
    void wrap(Range tokens, std::string open, std::string close);

    Result<void> rewrite_array(std::size_t word);
    // The bytes of a list of plain numbers; "" when it holds anything else.
    Result<std::string> fold(const std::vector<Range>& elements) const;
    Result<void> rewrite_distance(std::size_t op, std::string_view function);
    void order_missing_last(Range distance);
    bool is_order_term(std::size_t first) const;
    Result<std::size_t> begin_of_operand(std::size_t last) const;
    Result<std::size_t> end_of_operand(std::size_t first) const;
    Result<void> refuse_index_statements(std::size_t first) const;
    Result<void> rewrite_column(std::size_t name);

    std::optional<std::vector<std::size_t>> number_parameters() const;
    std::string numbered_text(TokenRange range, const std::vector<std::size_t>& numbers) const;

    std::size_t find_write() const;
    Result<void> rewrite_insert(std::size_t into, const VectorColumns& columns);
    Result<void> rewrite_rows(std::size_t first, const VectorTable& table,
                              const std::vector<const VectorColumn*>& targets);
    Result<void> rewrite_update(std::size_t word, const VectorColumns& columns);
    Result<void> rewrite_assignments(std::size_t first, const VectorTable& table);
    Result<void> rewrite_assignment(Range assignment, const VectorTable& table);
    Result<void> convert(Range value, const VectorTable& table, const VectorColumn& column);
    bool ends_assignments(std::size_t token) const;

    std::string_view sql_;
    std::size_t dimensions_max_;
    Tokens tokens_;
    SqlEdits edits_;
    std::map<std::size_t, std::size_t> folded_;  // ARRAY token → how many numbers
};

}  // namespace zs::sqlite_data
