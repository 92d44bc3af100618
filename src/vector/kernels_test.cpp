#include "vector/kernels.hpp"

#include "vector/vector_test_support.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <set>

namespace zs::vector {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::vector<std::size_t> dimensions_to_test() {
    std::vector<std::size_t> all;
    for (std::size_t n = 0; n <= 70; ++n)
        all.push_back(n);
    for (const std::size_t n : {127, 128, 129, 768, 1000, 1536})
        all.push_back(n);
    return all;
}

class Kernels : public PerTarget {};
INSTANTIATE_TEST_SUITE_P(Targets, Kernels, ::testing::ValuesIn(targets_to_test()), name_of_target);

void expect_near(Metric metric, const Stored& a, const Stored& b, float rank,
                 const std::string& what) {
    const Reference truth = reference(metric, a.numbers(), b.numbers());
    EXPECT_LE(std::abs(rank - truth.rank), truth.bound)
        << what << ": " << rank << " instead of " << truth.rank;
}

TEST_P(Kernels, EveryRankIsWithinItsBound) {
    Numbers numbers(std::random_device{}());
    for (const Scalar scalar : kScalars) {
        for (const Metric metric :
             {Metric::L2, Metric::Cosine, Metric::InnerProduct, Metric::Hamming}) {
            const RankFn rank = rank_function(metric, scalar);
            ASSERT_EQ(rank != nullptr, is_supported(metric, scalar));
            if (rank == nullptr) continue;
            for (const std::size_t n : dimensions_to_test()) {
                const Stored a(scalar, numbers.vector(n));
                const Stored b(scalar, numbers.vector(n));
                expect_near(metric, a, b, rank(a.data(), b.data(), n),
                            std::string(to_text(metric)) + " of " + std::string(to_text(scalar))
                                + ", " + std::to_string(n) + " dimensions, seed "
                                + std::to_string(numbers.seed()));
            }
        }
    }
}

TEST_P(Kernels, EveryPositionCounts) {
    // One number differs, at each place in turn: a kernel that skips one is found at once.
    for (const Scalar scalar : {Scalar::F32, Scalar::F16, Scalar::BF16, Scalar::I8}) {
        const RankFn l2 = rank_function(Metric::L2, scalar);
        const RankFn ip = rank_function(Metric::InnerProduct, scalar);
        for (std::size_t n = 1; n <= 140; ++n) {
            std::vector<float> zeros(n, 0);
            const Stored nothing(scalar, zeros);
            for (std::size_t i = 0; i < n; ++i) {
                std::vector<float> one = zeros;
                one[i] = 1;
                const Stored spike(scalar, one);
                const float square = scalar == Scalar::I8 ? 127 * 127 : 1;
                ASSERT_EQ(l2(spike.data(), nothing.data(), n), square) << n << " " << i;
                ASSERT_EQ(ip(spike.data(), spike.data(), n), -square) << n << " " << i;
            }
        }
    }
}

TEST_P(Kernels, AVectorIsNearestToItself) {
    Numbers numbers(std::random_device{}());
    for (const Scalar scalar : kScalars) {
        for (const std::size_t n : dimensions_to_test()) {
            if (n == 0) continue;
            const Stored a(scalar, numbers.vector(n));
            if (scalar == Scalar::Bit) {
                EXPECT_EQ(rank_function(Metric::Hamming, scalar)(a.data(), a.data(), n), 0);
                continue;
            }
            EXPECT_EQ(rank_function(Metric::L2, scalar)(a.data(), a.data(), n), 0);
            const bool zero = std::ranges::all_of(a.numbers(), [](float x) { return x == 0; });
            EXPECT_EQ(rank_function(Metric::Cosine, scalar)(a.data(), a.data(), n), zero ? 1 : 0)
                << to_text(scalar) << " " << n << " seed " << numbers.seed();
        }
    }
}

TEST_P(Kernels, ZeroVectorsAreAtCosineOne) {
    Numbers numbers(1);
    for (const Scalar scalar : {Scalar::F32, Scalar::F16, Scalar::BF16, Scalar::I8}) {
        const RankFn cosine = rank_function(Metric::Cosine, scalar);
        for (const std::size_t n : {1, 5, 16, 100}) {
            const Stored zero(scalar, std::vector<float>(n, 0));
            const Stored other(scalar, std::vector<float>(n, 0.5F));
            EXPECT_EQ(cosine(zero.data(), other.data(), n), 1);
            EXPECT_EQ(cosine(other.data(), zero.data(), n), 1);
            EXPECT_EQ(cosine(zero.data(), zero.data(), n), 1);
        }
    }
}

TEST_P(Kernels, HugeAndTinyMagnitudes) {
    Numbers numbers(std::random_device{}());
    for (const float magnitude : {1e-38F, 1e-30F, 1e-20F, 1e-10F, 1e10F, 1e18F, 1e25F, 1e37F}) {
        for (const std::size_t n : {3, 17, 96}) {
            const auto a = numbers.vector(n, magnitude);
            const auto b = numbers.vector(n, magnitude);
            const auto what = std::to_string(magnitude) + " seed " + std::to_string(numbers.seed());
            const Reference cosine = reference(Metric::Cosine, a, b);
            for (const Scalar scalar : {Scalar::F32, Scalar::BF16}) {
                const Stored sa(scalar, a);
                const Stored sb(scalar, b);
                const auto rank = rank_function(Metric::Cosine, scalar);
                expect_near(Metric::Cosine, sa, sb, rank(sa.data(), sb.data(), n), what);
            }
            EXPECT_NEAR(distance(Metric::Cosine, a.data(), b.data(), n), cosine.rank, cosine.bound);
            const double l2 = std::sqrt(reference(Metric::L2, a, b).rank);
            EXPECT_NEAR(distance(Metric::L2, a.data(), b.data(), n), l2, l2 * 1e-5) << what;
            const Reference ip = reference(Metric::InnerProduct, a, b);
            EXPECT_NEAR(distance(Metric::InnerProduct, a.data(), b.data(), n), ip.rank, ip.bound);
        }
    }
    const std::vector<float> big(8, 3e38F);
    const std::vector<float> opposite(8, -3e38F);
    EXPECT_EQ(rank_function(Metric::L2, Scalar::F32)(big.data(), opposite.data(), 8), kInfinity);
    EXPECT_EQ(rank_function(Metric::InnerProduct, Scalar::F32)(big.data(), big.data(), 8),
              -kInfinity);
    EXPECT_NEAR(distance(Metric::Cosine, big.data(), opposite.data(), 8), 2, 1e-6);
}

TEST_P(Kernels, I8SumsAreExactAtTheirLargest) {
    const std::vector<std::int8_t> high(kDimensionsMax, 127);
    const std::vector<std::int8_t> low(kDimensionsMax, -127);
    const double n = kDimensionsMax;
    EXPECT_EQ(
        rank_function(Metric::InnerProduct, Scalar::I8)(high.data(), low.data(), kDimensionsMax),
        static_cast<float>(127.0 * 127.0 * n));
    EXPECT_EQ(rank_function(Metric::L2, Scalar::I8)(high.data(), low.data(), kDimensionsMax),
              static_cast<float>(254.0 * 254.0 * n));
}

TEST_P(Kernels, NotANumberComesThrough) {
    for (const std::size_t n : {1, 16, 33}) {
        std::vector<float> a(n, 1);
        const std::vector<float> b(n, 2);
        a[n - 1] = kNaN;
        for (const Metric metric : kFloatMetrics) {
            EXPECT_TRUE(std::isnan(rank_function(metric, Scalar::F32)(a.data(), b.data(), n)));
            EXPECT_TRUE(std::isnan(distance(metric, a.data(), b.data(), n)));
        }
    }
}

TEST_P(Kernels, UnitVariantsAgreeWithCosine) {
    Numbers numbers(std::random_device{}());
    for (const Scalar scalar : {Scalar::F32, Scalar::F16, Scalar::BF16}) {
        for (const std::size_t n : {2, 33, 768}) {
            auto a = numbers.vector(n);
            auto b = numbers.vector(n);
            for (auto* each : {&a, &b}) {
                const float length = norm(Scalar::F32, each->data(), n);
                for (float& value : *each)
                    value /= length;
            }
            const Stored sa(scalar, a);
            const Stored sb(scalar, b);
            const float cosine = rank_function(Metric::Cosine, scalar)(sa.data(), sb.data(), n);
            const float unit = unit_cosine_function(scalar)(sa.data(), sb.data(), n);
            EXPECT_NEAR(unit, cosine, scalar == Scalar::BF16 ? 0.02 : 0.002) << numbers.seed();
            const float product =
                -rank_function(Metric::InnerProduct, scalar)(sa.data(), sb.data(), n);
            const float known =
                cosine_rank(product, norm(scalar, sa.data(), n), norm(scalar, sb.data(), n));
            EXPECT_NEAR(known, cosine, 1e-5) << numbers.seed();
        }
    }
    EXPECT_EQ(unit_cosine_function(Scalar::I8), nullptr);
    EXPECT_EQ(cosine_rank(0, 0, 1), 1);
}

TEST_P(Kernels, NormsOfAnyMagnitude) {
    for (const float x : {0.0F, 1e-38F, 1e-25F, 3.0F, 1e25F, 1e38F}) {
        const std::array<float, 2> v{x, 0};
        EXPECT_FLOAT_EQ(norm(Scalar::F32, v.data(), 2), x);
    }
    const std::uint8_t bits[] = {0xFF, 0x01};
    EXPECT_EQ(norm(Scalar::Bit, bits, 9), 3);
}

// ---- conversions: the same on every instruction set

float through(Scalar scalar, float value, float scale = 127) {
    std::array<std::uint8_t, 4> bytes{};
    float back = 0;
    quantise(scalar, {&value, 1}, bytes.data(), scale);
    dequantise(scalar, bytes.data(), {&back, 1}, scale);
    return back;
}

TEST(Quantise, EveryHalfSurvivesTheRoundTrip) {
    for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
        const auto half = static_cast<std::uint16_t>(bits);
        float wide = 0;
        std::uint16_t back = 0;
        const bool f16_number = (half & 0x7C00) != 0x7C00;
        dequantise(Scalar::F16, &half, {&wide, 1});
        quantise(Scalar::F16, {&wide, 1}, &back);
        if (f16_number) {
            ASSERT_EQ(back, half);
        }
        dequantise(Scalar::BF16, &half, {&wide, 1});
        quantise(Scalar::BF16, {&wide, 1}, &back);
        if (!std::isnan(wide)) {
            ASSERT_EQ(back, half);
        }
    }
}

TEST(Quantise, HalvesRoundToTheNearestAndEven) {
    EXPECT_EQ(through(Scalar::F16, 1.0F + 0x1p-11F), 1.0F);  // a tie goes to even
    EXPECT_EQ(through(Scalar::F16, 1.0F + 3 * 0x1p-11F), 1.0F + 0x1p-9F);
    EXPECT_EQ(through(Scalar::F16, 1.0F + 0x1p-11F + 0x1p-20F), 1.0F + 0x1p-10F);
    EXPECT_EQ(through(Scalar::F16, 0x1p-24F), 0x1p-24F);  // the smallest
    EXPECT_EQ(through(Scalar::F16, 0x1p-25F), 0.0F);
    EXPECT_EQ(through(Scalar::F16, 1e6F), 65504.0F);
    EXPECT_EQ(through(Scalar::F16, -kInfinity), -65504.0F);
    EXPECT_TRUE(std::isnan(through(Scalar::F16, kNaN)));
    EXPECT_EQ(through(Scalar::BF16, 1.0F + 0x1p-8F), 1.0F);
    EXPECT_EQ(through(Scalar::BF16, 1.0F + 3 * 0x1p-8F), 1.0F + 0x1p-6F);
    EXPECT_TRUE(std::isfinite(through(Scalar::BF16, std::numeric_limits<float>::max())));
    EXPECT_TRUE(std::isnan(through(Scalar::BF16, kNaN)));
    Numbers numbers(std::random_device{}());
    for (int i = 0; i < 10'000; ++i) {
        const float x = numbers.uniform(-100, 100);
        ASSERT_LE(std::abs(through(Scalar::F16, x) - x), std::abs(x) * 0x1p-11F + 0x1p-25F) << x;
        ASSERT_LE(std::abs(through(Scalar::BF16, x) - x), std::abs(x) * 0x1p-8F) << x;
    }
}

TEST(Quantise, I8ClampsAndBitsPack) {
    EXPECT_EQ(through(Scalar::I8, 1), 1);
    EXPECT_EQ(through(Scalar::I8, 5), 1);
    EXPECT_EQ(through(Scalar::I8, -5), -1);
    EXPECT_EQ(through(Scalar::I8, kNaN), 0);
    EXPECT_EQ(through(Scalar::I8, -kInfinity), -1);
    EXPECT_FLOAT_EQ(through(Scalar::I8, 4, i8_scale(4)), 4);
    EXPECT_EQ(i8_scale(0), 127);
    EXPECT_EQ(i8_scale(kInfinity), 127);
    EXPECT_EQ(i8_scale(1e-44F), 127);
    const std::vector<float> signs{1, -1, 0, 2, -0.0F, 1, 1, 1, 3};
    std::array<std::uint8_t, 2> bytes{0xFF, 0xFF};
    quantise(Scalar::Bit, signs, bytes.data());
    EXPECT_EQ(bytes[0], 0b11101001);
    EXPECT_EQ(bytes[1], 1);
}

TEST(Kernels, FiniteAndLargest) {
    EXPECT_TRUE(is_finite({}));
    const std::vector<float> fine{1, -3, std::numeric_limits<float>::max()};
    EXPECT_TRUE(is_finite(fine));
    EXPECT_EQ(max_magnitude(std::span(fine).first(2)), 3);
    const std::vector<float> infinite{1, kInfinity};
    const std::vector<float> nan{kNaN};
    EXPECT_FALSE(is_finite(infinite));
    EXPECT_FALSE(is_finite(nan));
}

TEST(Names, AreReadBack) {
    for (const Metric metric : {Metric::L2, Metric::Cosine, Metric::InnerProduct, Metric::Hamming})
        EXPECT_EQ(*parse_metric(to_text(metric)), metric);
    EXPECT_EQ(*parse_metric("euclidean"), Metric::L2);
    EXPECT_EQ(*parse_metric("dot"), Metric::InnerProduct);
    EXPECT_EQ(*parse_metric("inner_product"), Metric::InnerProduct);
    EXPECT_EQ(parse_metric("L1").error().reason, "invalid_metric");
    for (const Scalar scalar : kScalars)
        EXPECT_EQ(*parse_scalar(to_text(scalar)), scalar);
    EXPECT_EQ(parse_scalar("f64").error().reason, "invalid_scalar");
}

TEST(Target, ThisProcessorHasVectorInstructions) {
    std::set<std::int64_t> targets;
    for (const std::int64_t target : targets_to_test())
        targets.insert(target);
    EXPECT_GE(targets.size(), 2U) << "only " << target_name() << " was tested";
    EXPECT_NE(target_name(), "SCALAR");
}

}  // namespace
}  // namespace zs::vector
