#pragma once

#include "adapters/sqlite_data/sql_edits.hpp"
#include "adapters/sqlite_data/sql_tokens.hpp"
#include "adapters/sqlite_data/vector_columns.hpp"
#include "vector/metric.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace zs::sqlite_data {

// Tokens [begin, end).
struct TokenRange {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool empty() const { return begin == end; }
};

// The one form of a search for the nearest rows that an index can answer:
//
//     SELECT … FROM table [[AS] alias] [WHERE …]
//     ORDER BY column <-> value LIMIT n [OFFSET m]
//
// also with <=> and <#>, with the operands the other way round, with the alias of such a distance
// in the list, and behind EXPLAIN. The value is a parameter, a literal, ARRAY[…] of such, or
// vec_from_json(…) and CAST(… AS VECTOR(n)) of one. Whatever else a statement has (joins,
// sub-queries, aggregates, DISTINCT, GROUP BY, windows, set operations) makes it another form.
struct NearestForm {
    std::string table;          // lower case
    std::string column;         // lower case
    std::string row_id;         // rowid, _rowid_ or oid: the one that no column hides
    std::size_t name = 0;       // the token that is the table's name
    std::size_t qualifier = 0;  // the token that names the table in expressions
    TokenRange where;           // behind WHERE; empty without
    std::size_t order = 0;      // the token ORDER
    TokenRange term;            // what is ordered by, without ASC and NULLS LAST
    bool term_is_alias = false;
    std::size_t term_last = 0;  // the last token before NULLS LAST would come
    bool says_nulls = false;    // NULLS LAST is written
    TokenRange query;
    std::size_t limit = 0;
    std::optional<std::size_t> offset;
    vector::Metric metric = vector::Metric::L2;
};

// Such a statement in words of the engine.
struct NearestSql {
    std::string table;   // lower case
    std::string column;  // lower case
    std::string row_id;
    std::string alias;  // that is ordered by; else empty
    vector::Metric metric = vector::Metric::L2;
    bool filtered = false;
    EditedSql text;  // looks only at the rows of _zs_nearest, and counts those that pass
    // SELECT value, limit, offset, the greatest row id; still with sugar, ? has its number
    std::string arguments;
};

// Empty: another form, or one about which there is any doubt.
std::optional<NearestForm> find_nearest_form(const Tokens& tokens, const VectorColumns& columns);

// Where the statement itself begins: behind EXPLAIN [QUERY PLAN].
std::size_t first_word(const Tokens& tokens);

}  // namespace zs::sqlite_data
