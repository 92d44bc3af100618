#pragma once

#include "core/data/sql_value.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace zs::data {

enum class VectorCell { Empty, Vector, NotAVector };

// Reads a column's value: a blob of little-endian f32, or text of a JSON array of numbers. NULL is
// Empty. `dimensions` 0 takes any number of them; a value with a NaN, an infinity or other
// dimensions is NotAVector. `out` is replaced.
VectorCell read_vector(const SqlValueView& value, std::size_t dimensions, std::vector<float>& out);
VectorCell read_vector(const SqlValue& value, std::size_t dimensions, std::vector<float>& out);

// n of a column type VECTOR(n), in any case; 0 for every other type.
std::size_t declared_dimensions(std::string_view column_type);

}  // namespace zs::data
