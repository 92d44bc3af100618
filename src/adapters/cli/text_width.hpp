#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace zs::cli {

// How many terminal columns text takes: 0 for combining marks, 2 for wide characters and emoji.
// Source: Unicode Standard Annex 11.
std::size_t display_width(std::string_view text);

// `text` on one line that cannot talk to the terminal: control characters become \n, \t, \x1b;
// bytes that are not UTF-8 become U+FFFD.
std::string printable(std::string_view text);
// The same, but line ends stay.
std::string printable_lines(std::string_view text);

// At most `columns` wide; what is cut off is shown as "…".
std::string cut_to_width(std::string_view text, std::size_t columns);

// Blanks after (or before) the text up to `columns`.
std::string pad_right(std::string_view text, std::size_t columns);
std::string pad_left(std::string_view text, std::size_t columns);

}  // namespace zs::cli
