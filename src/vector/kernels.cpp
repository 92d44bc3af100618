#include "vector/kernels.hpp"

#include "vector/finish.hpp"

#include <bit>
#include <cmath>
#include <cstring>

// The order matters: foreach_target.h includes this file once for each instruction set.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "vector/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "vector/simd_lanes.inc"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace zs::vector::HWY_NAMESPACE {
namespace {

// Four accumulators: one alone would wait for itself.
template <Term kTerm, class L>
HWY_INLINE float sum_pair(const void* a, const void* b, std::size_t dimensions) {
    const auto* pa = static_cast<const std::uint8_t*>(a);
    const auto* pb = static_cast<const std::uint8_t*>(b);
    const std::size_t lanes = L::lanes();
    const std::size_t step = lanes * L::kBytes;
    auto sum0 = L::zero();
    auto sum1 = L::zero();
    auto sum2 = L::zero();
    auto sum3 = L::zero();
    std::size_t left = dimensions;
    for (; left >= 4 * lanes; left -= 4 * lanes, pa += 4 * step, pb += 4 * step) {
        sum0 = add_term<kTerm, L>(L::load(pa), L::load(pb), sum0);
        sum1 = add_term<kTerm, L>(L::load(pa + step), L::load(pb + step), sum1);
        sum2 = add_term<kTerm, L>(L::load(pa + 2 * step), L::load(pb + 2 * step), sum2);
        sum3 = add_term<kTerm, L>(L::load(pa + 3 * step), L::load(pb + 3 * step), sum3);
    }
    for (; left >= lanes; left -= lanes, pa += step, pb += step)
        sum0 = add_term<kTerm, L>(L::load(pa), L::load(pb), sum0);
    if (left > 0) sum1 = add_term<kTerm, L>(L::load_tail(pa, left), L::load_tail(pb, left), sum1);
    const auto sum = L::add(L::add(sum0, sum1), L::add(sum2, sum3));
    return static_cast<float>(L::total(sum));
}

template <class L>
float l2_rank(const void* a, const void* b, std::size_t dimensions) {
    return sum_pair<Term::SquaredDifference, L>(a, b, dimensions);
}

template <class L>
float ip_rank(const void* a, const void* b, std::size_t dimensions) {
    return -sum_pair<Term::Product, L>(a, b, dimensions);
}

template <class L>
float unit_cosine_rank(const void* a, const void* b, std::size_t dimensions) {
    return 1.0F - sum_pair<Term::Product, L>(a, b, dimensions);
}

// The three sums of a cosine in one pass.
template <class L>
struct CosineSums {
    typename L::Acc ab = L::zero();
    typename L::Acc aa = L::zero();
    typename L::Acc bb = L::zero();
    HWY_INLINE void add(typename L::V a, typename L::V b) {
        ab = L::dot(a, b, ab);
        aa = L::dot(a, a, aa);
        bb = L::dot(b, b, bb);
    }
};

template <class L, Scalar kScalar>
float cosine_rank_of(const void* a, const void* b, std::size_t dimensions) {
    const auto* pa = static_cast<const std::uint8_t*>(a);
    const auto* pb = static_cast<const std::uint8_t*>(b);
    const std::size_t lanes = L::lanes();
    const std::size_t step = lanes * L::kBytes;
    CosineSums<L> even;
    CosineSums<L> odd;
    std::size_t left = dimensions;
    for (; left >= 2 * lanes; left -= 2 * lanes, pa += 2 * step, pb += 2 * step) {
        even.add(L::load(pa), L::load(pb));
        odd.add(L::load(pa + step), L::load(pb + step));
    }
    if (left >= lanes) {
        even.add(L::load(pa), L::load(pb));
        left -= lanes;
        pa += step;
        pb += step;
    }
    if (left > 0) odd.add(L::load_tail(pa, left), L::load_tail(pb, left));
    const auto ab = static_cast<float>(L::total(L::add(even.ab, odd.ab)));
    const auto aa = static_cast<float>(L::total(L::add(even.aa, odd.aa)));
    const auto bb = static_cast<float>(L::total(L::add(even.bb, odd.bb)));
    if (is_sound_square_sum(aa) && is_sound_square_sum(bb)) {
        return cosine_rank_of_squares(ab, aa, bb);
    }
    return cosine_rank_f64(kScalar, a, b, dimensions);
}

// Counts eight bytes at a time with the instruction that every x86 since 2008 has: faster than
// memory.
float hamming_rank(const void* a, const void* b, std::size_t dimensions) {
    const auto* pa = static_cast<const std::uint8_t*>(a);
    const auto* pb = static_cast<const std::uint8_t*>(b);
    std::size_t left = bytes_per_vector(Scalar::Bit, dimensions);
    std::size_t even = 0;
    std::size_t odd = 0;
    const auto differing = [](const std::uint8_t* x, const std::uint8_t* y, std::size_t bytes) {
        std::uint64_t wx = 0;
        std::uint64_t wy = 0;
        std::memcpy(&wx, x, bytes);
        std::memcpy(&wy, y, bytes);
        return static_cast<std::size_t>(std::popcount(wx ^ wy));
    };
    for (; left >= 16; left -= 16, pa += 16, pb += 16) {
        even += differing(pa, pb, 8);
        odd += differing(pa + 8, pb + 8, 8);
    }
    if (left >= 8) {
        even += differing(pa, pb, 8);
        left -= 8;
        pa += 8;
        pb += 8;
    }
    if (left > 0) odd += differing(pa, pb, left);
    return static_cast<float>(even + odd);
}

template <class L, Scalar kScalar>
RankFn pick(Metric metric) {
    switch (metric) {
        case Metric::L2: return &l2_rank<L>;
        case Metric::Cosine: return &cosine_rank_of<L, kScalar>;
        case Metric::InnerProduct: return &ip_rank<L>;
        case Metric::Hamming: return nullptr;
    }
    return nullptr;
}

}  // namespace

RankFn find_rank(Metric metric, Scalar scalar) {
    switch (scalar) {
        case Scalar::F32: return pick<F32Lanes, Scalar::F32>(metric);
        case Scalar::F16: return pick<F16Lanes, Scalar::F16>(metric);
        case Scalar::BF16: return pick<BF16Lanes, Scalar::BF16>(metric);
        case Scalar::I8: return pick<I8Lanes, Scalar::I8>(metric);
        case Scalar::Bit: return metric == Metric::Hamming ? &hamming_rank : nullptr;
    }
    return nullptr;
}

RankFn find_unit_cosine(Scalar scalar) {
    switch (scalar) {
        case Scalar::F32: return &unit_cosine_rank<F32Lanes>;
        case Scalar::F16: return &unit_cosine_rank<F16Lanes>;
        case Scalar::BF16: return &unit_cosine_rank<BF16Lanes>;
        case Scalar::I8:
        case Scalar::Bit: return nullptr;  // their norm is not 1
    }
    return nullptr;
}

std::int64_t target_in_use() {
    return HWY_TARGET;
}

}  // namespace zs::vector::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace zs::vector {

HWY_EXPORT(find_rank);
HWY_EXPORT(find_unit_cosine);
HWY_EXPORT(target_in_use);

RankFn rank_function(Metric metric, Scalar scalar) {
    return HWY_DYNAMIC_DISPATCH(find_rank)(metric, scalar);
}

RankFn unit_cosine_function(Scalar scalar) {
    return HWY_DYNAMIC_DISPATCH(find_unit_cosine)(scalar);
}

std::string_view target_name() {
    return hwy::TargetName(HWY_DYNAMIC_DISPATCH(target_in_use)());
}

}  // namespace zs::vector
#endif
