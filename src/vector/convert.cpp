// What needs no vector instructions: conversions, norms, and the f64 fallbacks.
#include "vector/finish.hpp"
#include "vector/kernels.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace zs::vector {
namespace {

constexpr float kI8Max = 127.0F;

std::uint32_t bits_of(float value) {
    return std::bit_cast<std::uint32_t>(value);
}

// Round to nearest even; beyond the range the largest number, so that no infinity is made.
std::uint16_t to_f16(float value) {
    const std::uint32_t bits = bits_of(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
    const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
    if (magnitude > 0x7F800000U) return static_cast<std::uint16_t>(sign | 0x7E00U);  // NaN
    if (magnitude >= 0x477FE000U) return static_cast<std::uint16_t>(sign | 0x7BFFU);
    if (magnitude < 0x38800000U) {
        // Below 2^-14 the steps are even: adding 0.5 shifts the number to where f32 has the same.
        const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
        return static_cast<std::uint16_t>(sign | (bits_of(shifted) - bits_of(0.5F)));
    }
    const std::uint32_t rounded = magnitude + 0xFFFU + ((magnitude >> 13) & 1U);
    return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
}

float from_f16(std::uint16_t half) {
    const std::uint32_t sign = (half & 0x8000U) << 16;
    const std::uint32_t magnitude = half & 0x7FFFU;
    if (magnitude >= 0x7C00U) {
        return std::bit_cast<float>(sign | 0x7F800000U | ((magnitude & 0x3FFU) << 13));
    }
    if (magnitude >= 0x400U) return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000U));
    const float tiny = static_cast<float>(magnitude) * 0x1p-24F;
    return sign == 0 ? tiny : -tiny;
}

std::uint16_t to_bf16(float value) {
    const std::uint32_t bits = bits_of(value);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
    const std::uint32_t rounded = bits + 0x7FFFU + ((bits >> 16) & 1U);
    // Rounding up the largest numbers would make an infinity.
    const bool overflows =
        (rounded & 0x7F800000U) == 0x7F800000U && (bits & 0x7F800000U) != 0x7F800000U;
    return static_cast<std::uint16_t>((overflows ? bits : rounded) >> 16);
}

float from_bf16(std::uint16_t half) {
    return std::bit_cast<float>(std::uint32_t{half} << 16);
}

std::int8_t to_i8(float value, float scale) {
    const float scaled = std::nearbyint(value * scale);
    if (std::isnan(scaled)) return 0;
    return static_cast<std::int8_t>(std::clamp(scaled, -kI8Max, kI8Max));
}

// One number of a stored vector, at any address.
float element(Scalar scalar, const void* vector, std::size_t i) {
    const auto* bytes = static_cast<const std::uint8_t*>(vector);
    std::uint16_t half = 0;
    float value = 0;
    switch (scalar) {
        case Scalar::F32: std::memcpy(&value, bytes + i * 4, 4); return value;
        case Scalar::F16: std::memcpy(&half, bytes + i * 2, 2); return from_f16(half);
        case Scalar::BF16: std::memcpy(&half, bytes + i * 2, 2); return from_bf16(half);
        case Scalar::I8: return static_cast<float>(static_cast<std::int8_t>(bytes[i]));
        case Scalar::Bit: return static_cast<float>((bytes[i / 8] >> (i % 8)) & 1U);
    }
    return 0;
}

struct Sums {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    double squared_difference = 0;
};

Sums sums_f64(Scalar scalar, const void* a, const void* b, std::size_t dimensions) {
    Sums sums;
    for (std::size_t i = 0; i < dimensions; ++i) {
        const double x = element(scalar, a, i);
        const double y = element(scalar, b, i);
        sums.ab += x * y;
        sums.aa += x * x;
        sums.bb += y * y;
        sums.squared_difference += (x - y) * (x - y);
    }
    return sums;
}

double cosine_of(const Sums& sums) {
    if (sums.aa == 0 || sums.bb == 0) return 1;
    const double distance = 1 - sums.ab / (std::sqrt(sums.aa) * std::sqrt(sums.bb));
    return distance < 0 ? 0 : distance;
}

template <class Stored, class Convert>
void convert_all(std::span<const float> in, void* out, Convert convert) {
    auto* to = static_cast<std::uint8_t*>(out);
    for (const float value : in) {
        const Stored stored = convert(value);
        std::memcpy(to, &stored, sizeof(stored));
        to += sizeof(stored);
    }
}

}  // namespace

double to_distance(Metric metric, float rank) {
    return metric == Metric::L2 ? std::sqrt(double{rank}) : double{rank};
}

float cosine_rank_f64(Scalar scalar, const void* a, const void* b, std::size_t dimensions) {
    return static_cast<float>(cosine_of(sums_f64(scalar, a, b, dimensions)));
}

float cosine_rank(float inner_product, float norm_a, float norm_b) {
    if (norm_a == 0 || norm_b == 0) return 1;
    const double norms = double{norm_a} * double{norm_b};
    const auto rank = static_cast<float>(1.0 - double{inner_product} / norms);
    return rank < 0 ? 0.0F : rank;
}

double distance(Metric metric, const void* a, const void* b, std::size_t dimensions) {
    const RankFn rank_of = rank_function(metric, Scalar::F32);
    if (rank_of == nullptr) return std::numeric_limits<double>::quiet_NaN();
    const float rank = rank_of(a, b, dimensions);
    // Cosine looks after itself.
    if (metric == Metric::Cosine || is_sound_square_sum(std::abs(rank))) {
        return to_distance(metric, rank);
    }
    // Most often a zero means what it says.
    const bool same = metric == Metric::L2 && std::memcmp(a, b, dimensions * sizeof(float)) == 0;
    if (same && rank == 0) return 0;
    const Sums sums = sums_f64(Scalar::F32, a, b, dimensions);
    return metric == Metric::L2 ? std::sqrt(sums.squared_difference) : -sums.ab;
}

float norm(Scalar scalar, const void* vector, std::size_t dimensions) {
    if (const RankFn rank_of = rank_function(Metric::InnerProduct, scalar)) {
        const float squares = -rank_of(vector, vector, dimensions);
        if (is_sound_square_sum(squares)) return std::sqrt(squares);
    }
    return static_cast<float>(std::sqrt(sums_f64(scalar, vector, vector, dimensions).aa));
}

bool is_finite(std::span<const float> vector) {
    bool finite = true;
    for (const float value : vector)
        finite &= (bits_of(value) & 0x7F800000U) != 0x7F800000U;
    return finite;
}

float max_magnitude(std::span<const float> vector) {
    float largest = 0;
    for (const float value : vector)
        largest = std::max(largest, std::abs(value));
    return largest;
}

float i8_scale(float largest) {
    const bool usable = largest > 0 && std::isfinite(kI8Max / largest) && std::isfinite(largest);
    return usable ? kI8Max / largest : kI8Max;
}

void quantise(Scalar scalar, std::span<const float> in, void* out, float scale) {
    switch (scalar) {
        case Scalar::F32:
            if (!in.empty()) std::memcpy(out, in.data(), in.size_bytes());
            return;
        case Scalar::F16: return convert_all<std::uint16_t>(in, out, to_f16);
        case Scalar::BF16: return convert_all<std::uint16_t>(in, out, to_bf16);
        case Scalar::I8:
            return convert_all<std::int8_t>(in, out,
                                            [scale](float value) { return to_i8(value, scale); });
        case Scalar::Bit: break;
    }
    auto* bytes = static_cast<std::uint8_t*>(out);
    std::fill_n(bytes, bytes_per_vector(Scalar::Bit, in.size()), std::uint8_t{0});
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (in[i] > 0) bytes[i / 8] = static_cast<std::uint8_t>(bytes[i / 8] | (1U << (i % 8)));
    }
}

void dequantise(Scalar scalar, const void* in, std::span<float> out, float scale) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        const float value = element(scalar, in, i);
        out[i] = scalar == Scalar::I8 ? value / scale : value;
    }
}

}  // namespace zs::vector
