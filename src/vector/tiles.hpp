#pragma once

#include "vector/finish.hpp"

#include <cstddef>

// Kernels that hold several vectors against several queries at once, so that each number is loaded
// once for all of them. scan.cpp is built from them.
namespace zs::vector {

inline constexpr std::size_t kTileVectors = 4;
inline constexpr std::size_t kTileQueriesMax = 4;

// Sums a term over all dimensions for every pair: out[q * vectors + v]. Queries are f32 for f16 and
// bf16 vectors, else as the vectors; they are padded with zeros to kQueryPaddingBytes.
// A pair's sum does not depend on the shape of the tile.
using TileFn = void (*)(const void* const* vectors, const void* const* queries,
                        std::size_t dimensions, float* out);
// Sums of squares, bit for bit what a Product tile gives for a vector with itself.
using SquaresFn = void (*)(const void* const* vectors, std::size_t dimensions, float* out);

inline constexpr std::size_t kQueryPaddingBytes = 256;

struct Tiles {
    std::size_t queries = 1;      // of `wide`
    TileFn wide = nullptr;        // kTileVectors × `queries`
    TileFn tall = nullptr;        // kTileVectors × 1
    TileFn single = nullptr;      // 1 × 1
    SquaresFn squares = nullptr;  // of kTileVectors
    SquaresFn squares_of_one = nullptr;
};

// Of this processor; of F32, F16, BF16 and I8.
Tiles tiles_for(Term term, Scalar scalar);

}  // namespace zs::vector
