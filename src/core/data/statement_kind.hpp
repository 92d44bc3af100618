#pragma once

#include <string_view>

namespace zs::data {

// What a statement looks like by its first word: select, insert, update, delete, ddl, explain or
// other. For metrics only; what a statement may do is decided by the engine.
std::string_view statement_kind(std::string_view sql) noexcept;

// What follows blanks, comments and semicolons.
std::string_view skip_empty_sql(std::string_view sql) noexcept;

// True when there is nothing but blanks, comments and semicolons.
bool is_blank_sql(std::string_view sql) noexcept;

}  // namespace zs::data
