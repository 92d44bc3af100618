#pragma once

#include <algorithm>
#include <chrono>

namespace zs::async {

// The moment by which an operation must have answered. Passed down unchanged, so that every layer
// works against the same end. Measured on the monotonic clock.
class Deadline {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::steady_clock::duration;

    static Deadline after(Duration span) {
        return Deadline(std::chrono::steady_clock::now() + span);
    }
    static Deadline never() { return Deadline(TimePoint::max()); }
    explicit Deadline(TimePoint at) : at_(at) {}

    TimePoint at() const { return at_; }
    bool is_never() const { return at_ == TimePoint::max(); }
    bool expired() const { return std::chrono::steady_clock::now() >= at_; }
    // Zero once expired.
    Duration remaining() const {
        return std::max(Duration::zero(), at_ - std::chrono::steady_clock::now());
    }
    Deadline sooner(Deadline other) const { return Deadline(std::min(at_, other.at_)); }

private:
    TimePoint at_;
};

}  // namespace zs::async
