#pragma once

#include "vector/metric.hpp"

#include <cmath>
#include <cstddef>

// From sums to ranks, shared by the pair kernels and the scan so that both agree.
namespace zs::vector {

// What a kernel adds up over the dimensions: a·b, or (a - b)².
enum class Term { Product, SquaredDifference };

// Outside of it f32 sums of squares have lost digits, or everything.
inline bool is_sound_square_sum(float sum) {
    return sum > 1e-30F && sum < 1e30F;
}

// Cosine computed in f64, for vectors whose squares do not fit into f32.
float cosine_rank_f64(Scalar scalar, const void* a, const void* b, std::size_t dimensions);

// `squares_a` and `squares_b` are sound sums of squares.
inline float cosine_rank_of_squares(float inner_product, float squares_a, float squares_b) {
    const double norms = std::sqrt(double{squares_a} * double{squares_b});
    const auto rank = static_cast<float>(1.0 - double{inner_product} / norms);
    return rank < 0 ? 0.0F : rank;  // rounding; NaN stays NaN
}

}  // namespace zs::vector
