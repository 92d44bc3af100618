#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

namespace zs::http {

// Whom a request is counted for: an IP address, or a user or API key.
struct RateKey {
    enum class Kind : std::uint8_t { Address, Principal };
    Kind kind = Kind::Address;
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    bool operator==(const RateKey&) const = default;
};

struct RateAnswer {
    bool allowed = true;
    std::uint32_t limit = 0;  // 0: nothing was counted
    std::uint32_t remaining = 0;
    std::uint32_t reset_secs = 0;  // until the oldest counted requests leave the minute
    std::uint32_t retry_secs = 0;  // when refused: until one more is allowed
};

// Counts requests in a sliding minute, cut into slices of five seconds: a request leaves the count
// between 55 and 60 seconds after it came. Refused requests are not counted.
// Memory is bounded: when a shard is full, whoever has been quiet longest is forgotten.
// Threading: any.
class RateLimiter {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kKeysMax = 64 * 1024;

    explicit RateLimiter(std::size_t keys_max = kKeysMax);
    ~RateLimiter();
    RateLimiter(const RateLimiter&) = delete;
    RateLimiter& operator=(const RateLimiter&) = delete;

    RateAnswer count(const RateKey& key, std::uint32_t limit_per_minute, TimePoint now);
    std::size_t size() const;

private:
    struct Shard;
    Shard& shard_of(const RateKey& key) const;

    std::size_t keys_per_shard_;
    std::unique_ptr<Shard[]> shards_;
};

}  // namespace zs::http
