#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// What can be said about SQL text without an engine. It splits and recognises; it never decides
// about rights: those come from the engine's authorizer.
namespace zs::sqlite {

// The first byte at or after `from` that is neither blank nor part of a comment; the end otherwise.
std::size_t skip_blank(std::string_view sql, std::size_t from = 0);

// Nothing but blanks, comments and semicolons.
bool is_empty_sql(std::string_view sql);

// The first word in upper case: "SELECT"; "" when the text does not begin with one.
std::string first_keyword(std::string_view sql);

// Where the first statement ends: behind its semicolon, or the end of the text. Semicolons in
// literals, quoted names, comments and trigger bodies do not count.
std::size_t end_of_statement(std::string_view sql, std::size_t from = 0);

}  // namespace zs::sqlite
