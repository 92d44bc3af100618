#pragma once

#include "adapters/sqlite_data/nearest_form.hpp"
#include "adapters/sqlite_data/sql_edits.hpp"
#include "adapters/sqlite_data/vector_columns.hpp"
#include "base/error.hpp"

#include <optional>
#include <string_view>

// What SQL about vectors means to an engine that knows only blobs and functions:
//
//     a <-> b, a <=> b, a <#> b   vec_l2(a,b), vec_cosine(a,b), vec_ip(a,b)
//     ARRAY[1, 2.5]               vec(x'…'); with anything but numbers: vec_array(…)
//     CAST(x AS VECTOR(3))        vec_cast(x,3)
//     emb VECTOR(3)               emb VECTOR(3) CHECK (vec_check(emb,3)), in CREATE and ALTER TABLE
//     ORDER BY a <-> b            … NULLS LAST: what has no vector is the farthest
//     INSERT, UPDATE              values for VECTOR(n) columns become vec_column(value,n,'t.emb')
//
// The rewriting works on tokens: nothing inside literals, comments and quoted names is touched.
// The operands of a distance are a name, a parameter, a literal, a call, ARRAY[…] or something in
// parentheses; next to other arithmetic the distance itself has to be put in parentheses.
namespace zs::sqlite_data {

// Looks for the signs of it without cutting tokens: false means that there is nothing to rewrite,
// unless the statement writes to a table with vectors.
bool may_have_vectors(std::string_view sql) noexcept;

struct RewrittenSql {
    std::optional<EditedSql> text;      // nullopt: it stays as it is
    std::optional<NearestSql> nearest;  // the same search by an index, when it has that form
};

// `columns` are the database's; vectors have at most
// `dimensions_max` numbers.
// Errors: InvalidArgument "sql_syntax_error", "not_a_vector", "dimension_mismatch",
// "dimension_too_large", "sql_error" with details line, column, offset.
Result<RewrittenSql> rewrite_vectors(std::string_view sql, const VectorColumns& columns,
                                     std::size_t dimensions_max);

}  // namespace zs::sqlite_data
