#pragma once

#include "base/error.hpp"
#include "core/data/vector_index.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace zs::sqlite_data {

// A statement that makes or drops a vector index:
//
//     CREATE INDEX [IF NOT EXISTS] [name] ON table USING hnsw (column [vector_l2_ops])
//         [WITH (m = 16, ef_construction = 64, metric = 'l2', storage = 'f32')]
//     DROP INDEX [IF EXISTS] name
struct IndexStatement {
    enum class Kind { Create, Drop };
    Kind kind = Kind::Create;
    bool may_exist = false;                  // IF NOT EXISTS; of Drop: IF EXISTS
    data::VectorIndexDefinition definition;  // of Drop only the name
};

// Without cutting tokens: false means that it is none.
bool may_be_index_statement(std::string_view sql) noexcept;

// Empty: something else, like an index of the engine. A DROP INDEX may be about one of those, too.
// Errors: InvalidArgument "sql_syntax_error", "sql_error", "invalid_metric" with details line,
// column, offset.
Result<std::optional<IndexStatement>> read_index_statement(std::string_view sql);

}  // namespace zs::sqlite_data
