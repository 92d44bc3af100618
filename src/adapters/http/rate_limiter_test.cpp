#include "adapters/http/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace zs::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr RateLimiter::TimePoint kStart{seconds(1'000'000)};
const RateKey kSomebody{RateKey::Kind::Address, 0, 1};

TEST(RateLimiter, AllowsALimitPerMinute) {
    RateLimiter limiter;
    for (std::uint32_t i = 0; i < 5; ++i) {
        const auto answer = limiter.count(kSomebody, 5, kStart);
        EXPECT_TRUE(answer.allowed);
        EXPECT_EQ(answer.limit, 5u);
        EXPECT_EQ(answer.remaining, 4 - i);
        EXPECT_EQ(answer.reset_secs, 60u);
    }
    const auto refused = limiter.count(kSomebody, 5, kStart + seconds(20));
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.remaining, 0u);
    EXPECT_EQ(refused.retry_secs, 40u);
    EXPECT_TRUE(limiter.count({RateKey::Kind::Address, 0, 2}, 5, kStart).allowed);
    EXPECT_TRUE(limiter.count({RateKey::Kind::Principal, 0, 1}, 5, kStart).allowed);
    EXPECT_FALSE(limiter.count(kSomebody, 5, kStart + seconds(59)).allowed);
    EXPECT_TRUE(limiter.count(kSomebody, 5, kStart + seconds(60)).allowed);
}

TEST(RateLimiter, ZeroIsOff) {
    RateLimiter limiter;
    for (int i = 0; i < 1000; ++i) {
        const auto answer = limiter.count(kSomebody, 0, kStart);
        EXPECT_TRUE(answer.allowed);
        EXPECT_EQ(answer.limit, 0u);
    }
    EXPECT_EQ(limiter.size(), 0u);
}

// Against the exact sliding minute: never more than the limit in any minute, and nothing refused
// that the minute and one slice would allow.
TEST(RateLimiter, SlidesLikeAMinute) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    RateLimiter limiter;
    std::deque<RateLimiter::TimePoint> allowed;
    auto now = kStart;
    constexpr std::uint32_t kLimit = 20;
    for (int i = 0; i < 20000; ++i) {
        now += milliseconds(random() % 4000);
        const auto answer = limiter.count(kSomebody, kLimit, now);
        const auto within = [&](seconds span) {
            return std::count_if(allowed.begin(), allowed.end(),
                                 [&](auto at) { return now - at < span; });
        };
        if (answer.allowed) {
            EXPECT_LT(within(seconds(55)), kLimit);
            allowed.push_back(now);
        } else {
            EXPECT_GE(within(seconds(60)), kLimit);
            EXPECT_GE(answer.retry_secs, 1u);
            EXPECT_LE(answer.retry_secs, 60u);
        }
        while (!allowed.empty() && now - allowed.front() > seconds(120))
            allowed.pop_front();
    }
}

TEST(RateLimiter, RetryAfterIsEnough) {
    RateLimiter limiter;
    auto now = kStart + milliseconds(3200);
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(limiter.count(kSomebody, 10, now).allowed);
        now += milliseconds(1700);
    }
    const auto refused = limiter.count(kSomebody, 10, now);
    ASSERT_FALSE(refused.allowed);
    EXPECT_TRUE(limiter.count(kSomebody, 10, now + seconds(refused.retry_secs)).allowed);
}

TEST(RateLimiter, MemoryIsBounded) {
    RateLimiter limiter(1024);
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        limiter.count({RateKey::Kind::Address, 0, i}, 5, kStart);
    }
    EXPECT_LE(limiter.size(), 1024u);
    EXPECT_GT(limiter.size(), 512u);
}

}  // namespace
}  // namespace zs::http
