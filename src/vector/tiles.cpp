#include "vector/tiles.hpp"

#include <cstdint>
#include <cstring>
#include <utility>

// The order matters: foreach_target.h includes this file once for each instruction set.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "vector/tiles.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "vector/simd_lanes.inc"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace zs::vector::HWY_NAMESPACE {
namespace {

// Sixteen sums, four vectors and a query fit into 32 registers, half as much into 16.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr std::size_t kWideQueries = 4;
#else
constexpr std::size_t kWideQueries = 2;
#endif

// f16 and bf16 are held against f32 queries, which need no conversion.
template <class L>
struct QueryLanes {
    using Type = L;
};
template <class Half>
struct QueryLanes<HalfLanes<Half>> {
    using Type = F32Lanes;
};

// The indices are spelled out at compile time: only then do the sums live in registers.
template <Term kTerm, class L, std::size_t kVectors, std::size_t... kV, std::size_t... kP>
HWY_INLINE void sum_tile(const void* const* vectors, const void* const* queries,
                         std::size_t dimensions, float* out, std::index_sequence<kV...>,
                         std::index_sequence<kP...>) {
    using Q = typename QueryLanes<L>::Type;
    const std::size_t lanes = L::lanes();
    const std::size_t full = dimensions - dimensions % lanes;
    const std::uint8_t* const from[] = {static_cast<const std::uint8_t*>(vectors[kV])...};
    typename L::Acc sums[] = {((void)kP, L::zero())...};
    const auto query = [&](std::size_t pair, std::size_t at) HWY_ATTR {
        const auto* const begin = static_cast<const std::uint8_t*>(queries[pair / kVectors]);
        return Q::load(begin + at * Q::kBytes);
    };
    for (std::size_t at = 0; at < full; at += lanes) {
        const typename L::V values[] = {L::load(from[kV] + at * L::kBytes)...};
        ((sums[kP] = add_term<kTerm, L>(values[kP % kVectors], query(kP, at), sums[kP])), ...);
    }
    if (full < dimensions) {
        const std::size_t rest = dimensions - full;
        const typename L::V values[] = {L::load_tail(from[kV] + full * L::kBytes, rest)...};
        ((sums[kP] = add_term<kTerm, L>(values[kP % kVectors], query(kP, full), sums[kP])), ...);
    }
    ((out[kP] = static_cast<float>(L::total(sums[kP]))), ...);
}

template <Term kTerm, class L, std::size_t kVectors, std::size_t kQueries>
void tile(const void* const* vectors, const void* const* queries, std::size_t dimensions,
          float* out) {
    sum_tile<kTerm, L, kVectors>(vectors, queries, dimensions, out,
                                 std::make_index_sequence<kVectors>(),
                                 std::make_index_sequence<kVectors * kQueries>());
}

template <class L, std::size_t kVectors, std::size_t... kV>
HWY_INLINE void sum_squares(const void* const* vectors, std::size_t dimensions, float* out,
                            std::index_sequence<kV...>) {
    const std::size_t lanes = L::lanes();
    const std::size_t full = dimensions - dimensions % lanes;
    const std::uint8_t* const from[] = {static_cast<const std::uint8_t*>(vectors[kV])...};
    typename L::Acc sums[] = {((void)kV, L::zero())...};
    for (std::size_t at = 0; at < full; at += lanes) {
        const typename L::V values[] = {L::load(from[kV] + at * L::kBytes)...};
        ((sums[kV] = L::dot(values[kV], values[kV], sums[kV])), ...);
    }
    if (full < dimensions) {
        const std::size_t rest = dimensions - full;
        const typename L::V values[] = {L::load_tail(from[kV] + full * L::kBytes, rest)...};
        ((sums[kV] = L::dot(values[kV], values[kV], sums[kV])), ...);
    }
    ((out[kV] = static_cast<float>(L::total(sums[kV]))), ...);
}

template <class L, std::size_t kVectors>
void squares(const void* const* vectors, std::size_t dimensions, float* out) {
    sum_squares<L, kVectors>(vectors, dimensions, out, std::make_index_sequence<kVectors>());
}

template <Term kTerm, class L>
Tiles tiles_of() {
    Tiles tiles;
    tiles.queries = kWideQueries;
    tiles.wide = &tile<kTerm, L, kTileVectors, kWideQueries>;
    tiles.tall = &tile<kTerm, L, kTileVectors, 1>;
    tiles.single = &tile<kTerm, L, 1, 1>;
    tiles.squares = &squares<L, kTileVectors>;
    tiles.squares_of_one = &squares<L, 1>;
    return tiles;
}

template <class L>
Tiles pick(Term term) {
    return term == Term::Product ? tiles_of<Term::Product, L>()
                                 : tiles_of<Term::SquaredDifference, L>();
}

}  // namespace

Tiles find_tiles(Term term, Scalar scalar) {
    switch (scalar) {
        case Scalar::F32: return pick<F32Lanes>(term);
        case Scalar::F16: return pick<F16Lanes>(term);
        case Scalar::BF16: return pick<BF16Lanes>(term);
        case Scalar::I8: return pick<I8Lanes>(term);
        case Scalar::Bit: break;
    }
    return {};
}

}  // namespace zs::vector::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace zs::vector {

HWY_EXPORT(find_tiles);

Tiles tiles_for(Term term, Scalar scalar) {
    return HWY_DYNAMIC_DISPATCH(find_tiles)(term, scalar);
}

}  // namespace zs::vector
#endif
