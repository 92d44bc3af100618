#pragma once

#include "base/error.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

namespace zs {

// A moment on the calendar, UTC. Never used to measure a duration: see async::Deadline.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

// Tells the time, so that rules about expiry can be tested without waiting.
// Threading: any.
class Clock {
public:
    virtual ~Clock() = default;
    virtual Timestamp now() const = 0;
};

class SystemClock final : public Clock {
public:
    Timestamp now() const override;
};

// Stands still until it is told to move.
class ManualClock final : public Clock {
public:
    explicit ManualClock(Timestamp start = Timestamp(Millis(1'760'000'000'000))) : now_(start) {}
    Timestamp now() const override { return now_.load(); }
    void advance(Millis by) { now_.store(now_.load() + by); }

private:
    std::atomic<Timestamp> now_;
};

// "2026-01-15T10:30:00.000Z"
std::string to_rfc3339(Timestamp time);
// Accepts any offset, 'T', 't' or a blank, and 0 to 9 fractional digits (cut to milliseconds).
Result<Timestamp> from_rfc3339(std::string_view text);

inline std::int64_t to_unix_millis(Timestamp time) {
    return time.time_since_epoch().count();
}
inline Timestamp from_unix_millis(std::int64_t millis) {
    return Timestamp(Millis(millis));
}

}  // namespace zs
