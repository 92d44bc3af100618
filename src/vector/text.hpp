#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// f32 vectors as JSON arrays and back.
namespace zs::vector {

// "[1, 2.5, -3e2]", and nothing else. Errors: InvalidArgument "not_a_vector" naming the element
// (details.element, from 0) for what is no array, has no elements, or has one that is no number or
// beyond the range of f32; "dimension_too_large" above `dimensions_max`.
Result<std::vector<float>> parse_json(std::string_view text, std::size_t dimensions_max);
// The same into a vector that is used again and again; `out` is replaced.
Result<void> read_json(std::string_view text, std::size_t dimensions_max, std::vector<float>& out);

// `bytes` holds whole f32 numbers in little-endian order. The shortest digits that read back as the
// same number; null for what is not finite, as JSON has no word for it.
void append_json(std::string& out, std::string_view bytes);

}  // namespace zs::vector
