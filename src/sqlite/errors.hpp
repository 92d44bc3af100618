#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <string_view>

struct sqlite3;

namespace zs::sqlite {

// What a result code of SQLite means to a caller.
//
//     constraint violated      Conflict "constraint_violation"; details kind, constraint, table,
//                              columns
//     busy, locked             Unavailable "busy"; a stale snapshot: Conflict
//                              "serialization_failure"
//     disk or quota full       Unavailable "storage_full"
//     corrupt, not a database  DataLoss
//     out of memory            Unavailable "out_of_memory"
//     interrupted              DeadlineExceeded
//     value or text too big    TooLarge "value_too_large"
//     read-only, denied        Forbidden
//     bad SQL                  InvalidArgument "sql_syntax_error", "no_such_table",
//                              "no_such_column", "sql_error"; details line, column, offset where
//                              SQLite knows them
//
// `code` may be extended. `sql` is the text the position refers to.
Error to_error(sqlite3* connection, int code, std::string_view sql = {});
// As above from the parts, for pure tests.
Error describe_error(int extended_code, std::string_view message, int offset, std::string_view sql);

struct Position {
    std::size_t line = 1;
    std::size_t column = 1;  // in characters
};
// Of a byte offset in UTF-8 text.
Position position_of(std::string_view text, std::size_t offset);

}  // namespace zs::sqlite
