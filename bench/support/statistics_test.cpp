#include "support/statistics.hpp"

#include <gtest/gtest.h>

namespace zs::bench {
namespace {

using std::chrono::nanoseconds;

TEST(Median, IsTheMiddleOrTheMeanOfTheTwo) {
    EXPECT_EQ(median({}), 0);
    EXPECT_EQ(median({3, 1, 2}), 2);
    EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
}

TEST(Histogram, PercentilesAreWithinOneBucket) {
    Histogram histogram;
    for (std::int64_t i = 1; i <= 100'000; ++i)
        histogram.add(nanoseconds(i * 10));
    EXPECT_EQ(histogram.count(), 100'000U);
    for (const double percent : {1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
        const auto got = static_cast<double>(histogram.percentile(percent).count());
        const double exact = percent * 10'000;
        EXPECT_GE(got, exact) << percent;
        EXPECT_LE(got, exact * 1.016 + 1) << percent;
    }
}

TEST(Histogram, SmallAndHugeValuesHaveBuckets) {
    Histogram histogram;
    histogram.add(nanoseconds(-5));
    histogram.add(nanoseconds(0));
    histogram.add(nanoseconds(63));
    EXPECT_EQ(histogram.percentile(50).count(), 0);
    EXPECT_EQ(histogram.percentile(100).count(), 63);
    histogram.add(nanoseconds::max());
    EXPECT_GE(histogram.percentile(100), nanoseconds(nanoseconds::max().count() - 1));
}

TEST(Histogram, MergeAddsUp) {
    Histogram one;
    Histogram two;
    one.add(nanoseconds(10));
    two.add(nanoseconds(20));
    one.merge(two);
    EXPECT_EQ(one.count(), 2U);
    EXPECT_EQ(one.percentile(100).count(), 20);
    EXPECT_EQ(Histogram().percentile(50).count(), 0);
}

}  // namespace
}  // namespace zs::bench
