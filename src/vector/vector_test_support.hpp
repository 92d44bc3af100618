#pragma once

#include "vector/kernels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <hwy/targets.h>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace zs::vector {

// Every instruction set that this processor has and the kernels are built for.
inline std::vector<std::int64_t> targets_to_test() {
    std::vector<std::int64_t> targets;
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
        if (target != HWY_SSSE3) targets.push_back(target);
    }
    return targets;
}

// Runs each test once per instruction set.
class PerTarget : public ::testing::TestWithParam<std::int64_t> {
protected:
    void SetUp() override {
        hwy::SetSupportedTargetsForTest(GetParam());
        ASSERT_EQ(target_name(), hwy::TargetName(GetParam()));
    }
    void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
};

inline std::string name_of_target(const ::testing::TestParamInfo<std::int64_t>& target) {
    return hwy::TargetName(target.param);
}

constexpr Metric kFloatMetrics[] = {Metric::L2, Metric::Cosine, Metric::InnerProduct};
constexpr Scalar kScalars[] = {Scalar::F32, Scalar::F16, Scalar::BF16, Scalar::I8, Scalar::Bit};

// Numbers from a seed that a failing test prints.
class Numbers {
public:
    explicit Numbers(std::uint64_t seed) : seed_(seed), engine_(seed) {}
    std::uint64_t seed() const { return seed_; }
    float uniform(float low, float high) {
        return std::uniform_real_distribution<float>(low, high)(engine_);
    }
    int integer(int low, int high) {
        return std::uniform_int_distribution<int>(low, high)(engine_);
    }
    std::vector<float> vector(std::size_t dimensions, float magnitude = 1) {
        std::vector<float> made(dimensions);
        for (float& value : made)
            value = uniform(-magnitude, magnitude);
        return made;
    }

private:
    std::uint64_t seed_;
    std::mt19937_64 engine_;
};

// Stored bytes that begin at an odd address, and end where the allocation ends, so that a sanitizer
// sees whoever reads further.
class Stored {
public:
    Stored(Scalar scalar, std::span<const float> numbers)
        : bytes_(1 + bytes_per_vector(scalar, numbers.size())) {
        quantise(scalar, numbers, bytes_.data() + 1);
        numbers_.resize(numbers.size());
        dequantise(scalar, bytes_.data() + 1, numbers_, 1);
    }
    const void* data() const { return bytes_.data() + 1; }
    // What the bytes say, in the units the kernels compute in.
    const std::vector<float>& numbers() const { return numbers_; }

private:
    std::vector<std::uint8_t> bytes_;
    std::vector<float> numbers_;
};

// The truth in f64, and the error that kernels.hpp allows.
struct Reference {
    double rank = 0;
    double bound = 0;
};

inline Reference reference(Metric metric, std::span<const float> a, std::span<const float> b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    double differences = 0;
    double magnitudes = 0;
    double differing = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double x = a[i];
        const double y = b[i];
        ab += x * y;
        aa += x * x;
        bb += y * y;
        magnitudes += std::abs(x * y);
        differences += (x - y) * (x - y);
        differing += x != y ? 1 : 0;
    }
    const double n = static_cast<double>(a.size());
    const double unit = 0x1p-24;
    switch (metric) {
        case Metric::L2: return {differences, (n + 8) * unit * differences};
        case Metric::InnerProduct: return {-ab, (n + 8) * unit * magnitudes};
        case Metric::Hamming: return {differing, 0};
        case Metric::Cosine: break;
    }
    if (aa == 0 || bb == 0) return {1, 0};
    return {1 - ab / std::sqrt(aa) / std::sqrt(bb), (4 * n + 32) * unit};
}

}  // namespace zs::vector
