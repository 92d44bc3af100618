#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace zs::vector {

// What "near" means between two vectors.
//   L2            Euclidean distance
//   Cosine        1 - cosine of the angle; 1 when either vector is all zero
//   InnerProduct  the negative inner product
//   Hamming       how many bits differ; of Bit vectors only
enum class Metric : std::uint8_t { L2, Cosine, InnerProduct, Hamming };

// "l2", "cosine", "ip", "hamming".
std::string_view to_text(Metric metric) noexcept;
// Also knows "euclidean", "dot" and "inner_product". Errors: InvalidArgument "invalid_metric".
Result<Metric> parse_metric(std::string_view text);

// How one number of a vector is stored. Bit packs eight numbers into a byte, the first one into the
// lowest bit; the unused bits of the last byte are zero.
enum class Scalar : std::uint8_t { F32, F16, BF16, I8, Bit };

// "f32", "f16", "bf16", "i8", "bit".
std::string_view to_text(Scalar scalar) noexcept;
// Errors: InvalidArgument "invalid_scalar".
Result<Scalar> parse_scalar(std::string_view text);

constexpr std::size_t bytes_per_vector(Scalar scalar, std::size_t dimensions) noexcept {
    switch (scalar) {
        case Scalar::F32: return dimensions * 4;
        case Scalar::F16:
        case Scalar::BF16: return dimensions * 2;
        case Scalar::I8: return dimensions;
        case Scalar::Bit: return (dimensions + 7) / 8;
    }
    return 0;
}

// Bit goes with Hamming, and Hamming with Bit; every other pair works.
constexpr bool is_supported(Metric metric, Scalar scalar) noexcept {
    return (metric == Metric::Hamming) == (scalar == Scalar::Bit);
}

}  // namespace zs::vector
