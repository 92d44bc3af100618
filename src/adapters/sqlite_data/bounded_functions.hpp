#pragma once

#include <cstdint>

struct sqlite3;

namespace zs::sqlite_data {

// The product of its arguments' bytes up to which a function of quadratic cost runs: a second.
inline constexpr std::uint64_t kQuadraticCostMax = 10'000'000'000;

// Replaces those built-in functions whose one call on large values can take hours: the engine looks
// at deadlines only between its steps, and a call is one step. What callers see stays the same.
// - instr, replace, trim, ltrim and rtrim are done in linear time.
// - unhex(x, ignored), json_patch and jsonb_patch are SQLite's own, refused with an error beyond
//   kQuadraticCostMax.
void install_bounded_functions(sqlite3* connection);

}  // namespace zs::sqlite_data
