#pragma once

#include "base/clock.hpp"

#include <algorithm>
#include <chrono>
#include <random>

namespace zs::relational::postgres {

// A random span up to `first` doubled `times` times, at most `longest`; the randomness keeps those
// who failed together from trying together.
template <class Random>
Millis jittered(Millis first, Millis longest, int times, Random& random) {
    const auto bound = std::min(longest, first * (Millis::rep{1} << std::clamp(times, 0, 20)));
    return Millis(std::uniform_int_distribution<Millis::rep>(
        1, std::max<Millis::rep>(bound.count(), 1))(random));
}

// When to try to connect again. Threading: guarded by its owner.
class ReconnectBackoff {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    static constexpr Millis kFirst{100};
    static constexpr Millis kLongest{5'000};

    bool may_try(TimePoint now) const { return now >= next_try_; }
    template <class Random>
    void failed(TimePoint now, Random& random) {
        next_try_ = now + jittered(kFirst, kLongest, failures_, random);
        failures_ = std::min(failures_ + 1, 20);
    }
    void succeeded() {
        failures_ = 0;
        next_try_ = {};
    }

private:
    int failures_ = 0;
    TimePoint next_try_{};
};

}  // namespace zs::relational::postgres
