#include "support/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace zs::bench {

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

void Histogram::merge(const Histogram& other) {
    for (std::size_t i = 0; i < kBuckets; ++i)
        counts_[i] += other.counts_[i];
    total_ += other.total_;
}

std::chrono::nanoseconds Histogram::percentile(double percent) const {
    const auto rank = static_cast<std::uint64_t>(std::ceil(double(total_) * percent / 100));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
        seen += counts_[i];
        if (seen > 0 && seen >= rank) {
            return std::chrono::nanoseconds(static_cast<std::int64_t>(upper_end(i)));
        }
    }
    return {};
}

std::uint64_t Histogram::upper_end(std::size_t bucket) {
    if (bucket < (1U << kSubBits)) return bucket;
    const std::size_t shift = (bucket >> kSubBits) - 1;
    const std::uint64_t sub = (bucket & ((1U << kSubBits) - 1)) + (1U << kSubBits);
    return ((sub + 1) << shift) - 1;
}

}  // namespace zs::bench
