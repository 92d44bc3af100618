#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace zs::bench {

// The middle value; 0 of none.
double median(std::vector<double> values);

// Counts durations in buckets that grow with their value: 64 per doubling, so a percentile is exact
// to 1.6 %.
// Units: nanoseconds inside, std::chrono outside.
class Histogram {
public:
    void add(std::chrono::nanoseconds duration) {
        ++counts_[bucket(static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count()))];
        ++total_;
    }
    void merge(const Histogram& other);
    // `percent` in 0 … 100. Zero when nothing was counted.
    std::chrono::nanoseconds percentile(double percent) const;
    std::uint64_t count() const { return total_; }

private:
    static constexpr int kSubBits = 6;
    static constexpr std::size_t kBuckets = (64 - kSubBits + 1) << kSubBits;
    static std::size_t bucket(std::uint64_t value) {
        if (value < (1U << kSubBits)) return value;
        const int shift = 63 - __builtin_clzll(value) - kSubBits;
        const auto sub = (value >> shift) - (1U << kSubBits);
        return ((static_cast<std::size_t>(shift) + 1) << kSubBits) + sub;
    }
    static std::uint64_t upper_end(std::size_t bucket);

    std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(kBuckets);
    std::uint64_t total_ = 0;
};

}  // namespace zs::bench
