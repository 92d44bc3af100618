#pragma once

#include "base/clock.hpp"

#include <atomic>
#include <chrono>

namespace zs::jobs {

// A moment that only moves forward: leases and waits are measured with it.
using Moment = std::chrono::time_point<std::chrono::steady_clock, Millis>;

// Threading: any.
class MonotonicClock {
public:
    virtual ~MonotonicClock() = default;
    virtual Moment now() const = 0;
};

class SteadyClock final : public MonotonicClock {
public:
    Moment now() const override {
        return std::chrono::time_point_cast<Millis>(std::chrono::steady_clock::now());
    }
};

// Stands still until it is told to move.
class ManualMonotonicClock final : public MonotonicClock {
public:
    Moment now() const override { return now_.load(); }
    void advance(Millis by) { now_.store(now_.load() + by); }

private:
    std::atomic<Moment> now_{Moment(Millis(1'000'000))};
};

}  // namespace zs::jobs
