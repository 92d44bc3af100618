#include "adapters/http/rate_limiter.hpp"

#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>

namespace zs::http {
namespace {

constexpr std::size_t kShards = 32;
constexpr std::int64_t kSliceSecs = 5;
constexpr std::size_t kSlices = 12;
constexpr std::int64_t kSliceCount = kSlices;

struct KeyHash {
    std::size_t operator()(const RateKey& key) const noexcept {
        std::uint64_t hash = key.high * 0x9E3779B97F4A7C15ULL ^ (key.low + 0x165667B19E3779F9ULL);
        hash ^= static_cast<std::uint64_t>(key.kind) << 63;
        hash ^= hash >> 29;
        hash *= 0xBF58476D1CE4E5B9ULL;
        return static_cast<std::size_t>(hash ^ hash >> 32);
    }
};

// The last minute of one key.
class Window {
public:
    // Forgets what is older than a minute.
    void move_to(std::int64_t slice) {
        const std::int64_t steps = std::min(slice - slice_, kSliceCount);
        for (std::int64_t i = 1; i <= steps; ++i) {
            auto& count = counts_[static_cast<std::size_t>((slice_ + i) % kSliceCount)];
            total_ -= count;
            count = 0;
        }
        if (slice > slice_) slice_ = slice;
    }
    void add() {
        ++counts_[static_cast<std::size_t>(slice_ % kSliceCount)];
        ++total_;
    }
    std::uint32_t total() const { return total_; }

    // Seconds until at most `wanted` requests are left in the minute.
    std::uint32_t secs_until(std::uint32_t wanted, std::int64_t now_secs) const {
        std::uint32_t left = total_;
        for (std::size_t age = kSlices; age > 0; --age) {
            const std::int64_t slice = slice_ - static_cast<std::int64_t>(age) + 1;
            if (slice < 0) continue;
            left -= counts_[static_cast<std::size_t>(slice % kSliceCount)];
            if (left > wanted) continue;
            const auto leaves = (slice + kSliceCount) * kSliceSecs;
            return static_cast<std::uint32_t>(std::max<std::int64_t>(leaves - now_secs, 1));
        }
        return static_cast<std::uint32_t>(kSliceSecs);
    }

private:
    std::array<std::uint32_t, kSlices> counts_{};
    std::uint32_t total_ = 0;
    std::int64_t slice_ = 0;
};

}  // namespace

struct alignas(64) RateLimiter::Shard {
    struct Entry {
        RateKey key;
        Window window;
    };
    std::mutex mutex;
    std::list<Entry> by_use;  // the latest first
    std::unordered_map<RateKey, std::list<Entry>::iterator, KeyHash> by_key;
};

RateLimiter::RateLimiter(std::size_t keys_max)
    : keys_per_shard_(std::max<std::size_t>(keys_max / kShards, 1)),
      shards_(std::make_unique<Shard[]>(kShards)) {}

RateLimiter::~RateLimiter() = default;

RateLimiter::Shard& RateLimiter::shard_of(const RateKey& key) const {
    return shards_[(KeyHash{}(key) >> 20) % kShards];
}

RateAnswer RateLimiter::count(const RateKey& key, std::uint32_t limit_per_minute, TimePoint now) {
    RateAnswer answer;
    if (limit_per_minute == 0) return answer;
    const auto secs =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    auto& shard = shard_of(key);
    const std::lock_guard lock(shard.mutex);
    auto found = shard.by_key.find(key);
    if (found == shard.by_key.end()) {
        if (shard.by_use.size() >= keys_per_shard_) {
            shard.by_key.erase(shard.by_use.back().key);
            shard.by_use.pop_back();
        }
        shard.by_use.push_front({key, {}});
        found = shard.by_key.emplace(key, shard.by_use.begin()).first;
    } else {
        shard.by_use.splice(shard.by_use.begin(), shard.by_use, found->second);
    }
    auto& window = found->second->window;
    window.move_to(secs / kSliceSecs);
    answer.limit = limit_per_minute;
    answer.allowed = window.total() < limit_per_minute;
    if (answer.allowed) {
        window.add();
    } else {
        answer.retry_secs = window.secs_until(limit_per_minute - 1, secs);
    }
    answer.remaining = limit_per_minute - std::min(window.total(), limit_per_minute);
    answer.reset_secs = window.secs_until(window.total() - 1, secs);
    return answer;
}

std::size_t RateLimiter::size() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < kShards; ++i) {
        const std::lock_guard lock(shards_[i].mutex);
        count += shards_[i].by_use.size();
    }
    return count;
}

}  // namespace zs::http
