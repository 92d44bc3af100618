#pragma once

#include "vector/metric.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// How far two vectors are apart, computed with the widest instructions the processor has. The
// choice is made when the program runs; one binary serves every machine.
//
// Units:     vectors are rows of bytes_per_vector() bytes, at any address.
// Threading: every function is pure.
// Errors:    none; is_supported() says which pairs of metric and scalar exist. At most
//            kDimensionsMax dimensions.
//
// Accuracy: f32, f16 and bf16 are multiplied and summed in f32, in at least four (a pair) or one
// (a scan) vector accumulators, which halves or better the rounding of a plain loop. With n
// dimensions and u = 2^-24 the error of a sum is below (n + 8) · u · Σ|terms|. For L2 all terms are
// positive, so that is a relative error; for an inner product it is relative to Σ|aᵢbᵢ|. Cosine is
// off by at most (4n + 32) · u. i8 is summed exactly and rounded once; Hamming is exact up to 2^24.
//
// Range: an L2 rank or an inner product beyond f32 becomes infinite. Cosine has no such limit:
// where squares leave the range of f32 it is computed again in f64.
//
// NaN and infinities: a vector that holds one may have any rank, also NaN. NaN never beats a
// number: top_k.hpp orders it behind everything else. Nothing else is promised about such vectors;
// refuse them where they come in (is_finite).
namespace zs::vector {

// Beyond it the integer sum of an i8 distance could overflow.
inline constexpr std::size_t kDimensionsMax = 32768;

// Smaller is nearer, and cheap: L2 gives the squared distance, Cosine 1 - cosine, InnerProduct the
// negative inner product, Hamming the count of differing bits. i8 ranks are in quantised units.
using RankFn = float (*)(const void* a, const void* b, std::size_t dimensions);

// The fastest kernel of this processor; nullptr when the pair is not supported.
RankFn rank_function(Metric metric, Scalar scalar);

// 1 - inner product: Cosine for vectors whose norm is 1, at the price of InnerProduct.
RankFn unit_cosine_function(Scalar scalar);

// The distance that users see: the root for L2, else the rank itself.
double to_distance(Metric metric, float rank);

// The distance of two f32 vectors with f64 where f32 is too narrow: no overflow, no underflow.
double distance(Metric metric, const void* a, const void* b, std::size_t dimensions);

// The Euclidean norm. Zero only of an all-zero vector; of a Bit vector the root of the bits set.
float norm(Scalar scalar, const void* vector, std::size_t dimensions);

// Cosine from an inner product and two norms known beforehand.
float cosine_rank(float inner_product, float norm_a, float norm_b);

// No NaN, no infinity.
bool is_finite(std::span<const float> vector);

// Converts f32. F16 and BF16 round to nearest even, F16 clamps to ±65504. I8 gives
// round(x · scale) clamped to ±127: choose one scale for all vectors that are compared
// (i8_scale of the largest magnitude). Bit is set where x > 0; its bytes beyond are zeroed.
// `out` has bytes_per_vector(scalar, in.size()) bytes.
void quantise(Scalar scalar, std::span<const float> in, void* out, float scale = 127.0F);
// The other way; Bit gives 0 and 1. `in` has bytes_per_vector(scalar, out.size()) bytes.
void dequantise(Scalar scalar, const void* in, std::span<float> out, float scale = 127.0F);

// The scale that maps ±max_magnitude to ±127; 127 for 0 and for what is not finite.
float i8_scale(float max_magnitude);
float max_magnitude(std::span<const float> vector);

// The instruction set in use: "AVX3" (AVX-512), "AVX2", "SSE4", "NEON"; "SCALAR" means that there
// are no vector instructions.
std::string_view target_name();

}  // namespace zs::vector
