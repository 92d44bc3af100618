#include "adapters/relational/postgres/backoff.hpp"

#include <gtest/gtest.h>

namespace zs::relational::postgres {
namespace {

TEST(ReconnectBackoff, PausesGrowAndEnd) {
    std::minstd_rand random(1);
    ReconnectBackoff backoff;
    const auto now = std::chrono::steady_clock::now();
    EXPECT_TRUE(backoff.may_try(now));
    for (int i = 0; i < 40; ++i) {
        backoff.failed(now, random);
        EXPECT_FALSE(backoff.may_try(now));
        EXPECT_TRUE(backoff.may_try(now + ReconnectBackoff::kLongest));
        if (i == 0) {
            EXPECT_TRUE(backoff.may_try(now + ReconnectBackoff::kFirst));
        }
    }
    backoff.succeeded();
    EXPECT_TRUE(backoff.may_try(now));
    backoff.failed(now, random);
    EXPECT_TRUE(backoff.may_try(now + ReconnectBackoff::kFirst));
}

TEST(Jittered, StaysWithinItsBounds) {
    std::minstd_rand random(1);
    for (int times = 0; times < 64; ++times) {
        const auto span = jittered(Millis(2), Millis(200), times, random);
        EXPECT_GE(span, Millis(1));
        EXPECT_LE(span, Millis(200));
        if (times == 0) {
            EXPECT_LE(span, Millis(2));
        }
    }
}

}  // namespace
}  // namespace zs::relational::postgres
