#pragma once

#include <span>
#include <string>
#include <string_view>

namespace zs::server {

// Insertions, deletions, replacements and swaps of neighbours between two words.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate a typist most likely meant, or empty when none is near.
std::string_view nearest(std::string_view typed, std::span<const std::string_view> candidates);

}  // namespace zs::server
