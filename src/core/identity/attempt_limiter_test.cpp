#include "core/identity/attempt_limiter.hpp"

#include "core/identity/limits.hpp"

#include <gtest/gtest.h>

namespace zs::identity {
namespace {

class Limiter : public ::testing::Test {
protected:
    // Seconds to wait, 0 when the attempt is allowed.
    std::int64_t attempt(std::string_view key = "k") {
        const auto result = limiter_.attempt(key);
        return result ? 0 : result.error().details.at("retry_after_secs").as_int64();
    }
    void wait(int secs) { clock_.advance(Seconds(secs)); }

    ManualClock clock_;
    AttemptLimiter limiter_{{5, Millis(60'000), Millis(300'000)}, clock_};
};

TEST_F(Limiter, TheBudgetIsFreeThenTheDelayDoubles) {
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(attempt(), 0) << i;
    for (const int delay : {12, 24, 48, 96, 192, 300, 300}) {
        EXPECT_EQ(attempt(), delay);
        wait(delay - 1);
        EXPECT_EQ(attempt(), 1) << "not a second early";
        wait(1);
        EXPECT_EQ(attempt(), 0) << "never a hard lock";
    }
}

TEST_F(Limiter, RefusedAttemptsDoNotCount) {
    for (int i = 0; i < 5; ++i)
        attempt();
    for (int i = 0; i < 1000; ++i)
        EXPECT_EQ(attempt(), 12);
}

TEST_F(Limiter, SilenceForgetsAndSlowAttemptsNeverWait) {
    for (int i = 0; i < 5; ++i)
        attempt();
    wait(12 + 60);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(attempt(), 0);
    EXPECT_GT(attempt(), 0);
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(attempt("slow"), 0);
        wait(13);
    }
}

TEST_F(Limiter, KeysAreApartAndForgiven) {
    for (int i = 0; i < 6; ++i)
        attempt("a");
    EXPECT_GT(attempt("a"), 0);
    EXPECT_EQ(attempt("b"), 0);
    limiter_.forgive("a");
    EXPECT_EQ(attempt("a"), 0);
    EXPECT_EQ(attempt(""), 0) << "nobody to count";
}

TEST_F(Limiter, MemoryIsBounded) {
    for (std::size_t i = 0; i < kAttemptKeysMax + 1000; ++i)
        attempt(std::to_string(i));
    EXPECT_LE(limiter_.size(), kAttemptKeysMax);
}

TEST(AttemptLimiter, ABudgetOfZeroIsOff) {
    ManualClock clock;
    AttemptLimiter limiter({0, Millis(0), Millis(0)}, clock);
    for (int i = 0; i < 100; ++i)
        EXPECT_TRUE(limiter.attempt("k"));
}

}  // namespace
}  // namespace zs::identity
