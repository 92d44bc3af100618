#pragma once

#include "base/error.hpp"
#include "core/data/text_index.hpp"
#include "sqlite/connection.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// The tables behind full-text indexes, and the statements that work on them.
// Threading: as the connection. Callers that write are in a transaction.
namespace zs::sqlite_data {

// One row of _zs_text_indexes, with the table that its triggers name.
struct StoredTextIndex {
    std::int64_t id = 0;
    data::TextIndexDefinition definition;
    std::int64_t filled_to = 0;  // row ids up to this one are in it
    bool ready = false;
};

Result<std::vector<StoredTextIndex>> read_text_indexes(sqlite::Connection& connection);
Result<std::optional<StoredTextIndex>> find_text_index(sqlite::Connection& connection,
                                                       std::string_view table);
Result<std::uint64_t> count_text_rows(sqlite::Connection& connection, std::int64_t id);

// `wanted` with the names as the table has them. Errors: NotFound "no_such_table",
// "no_such_column"; InvalidArgument "not_indexable".
Result<data::TextIndexDefinition> resolve_text_index(sqlite::Connection& connection,
                                                     data::TextIndexDefinition wanted);
Result<std::int64_t> add_text_index(sqlite::Connection& connection,
                                    const data::TextIndexDefinition& definition);
Result<void> note_text_index_progress(sqlite::Connection& connection, std::int64_t id,
                                      std::int64_t filled_to);
Result<void> finish_text_index(sqlite::Connection& connection, std::int64_t id);
Result<void> remove_text_index(sqlite::Connection& connection, std::int64_t id);

// An error of MATCH as the caller's: most of them are of the expression.
Error text_query_error(Error error);

// The statements of one index.
class TextIndexSql {
public:
    TextIndexSql() = default;
    TextIndexSql(std::int64_t id, data::TextIndexDefinition definition);

    std::int64_t id() const { return id_; }
    const data::TextIndexDefinition& definition() const { return definition_; }

    // The FTS5 table and its three triggers.
    std::string create() const;
    // The last of the next ?2 row ids behind ?1; NULL when there are none.
    std::string next_row() const;
    // Takes the rows ?1 < row id <= ?2 out of the index, and puts them in.
    std::string forget_range() const;
    std::string fill_range() const;
    // Row id and rank of the ?2 best rows for expression ?1.
    std::string search() const;

private:
    std::string columns(std::string_view prefix) const;

    std::int64_t id_ = 0;
    data::TextIndexDefinition definition_;
    std::string name_;   // of the FTS5 table, the beginning of its triggers'
    std::string table_;  // quoted
};

}  // namespace zs::sqlite_data
