#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

namespace zs::http {

struct Usage {
    std::int64_t memory_bytes = 0;  // resident
    double cpu_percent = 0;         // of one core, since the measurement before
};

// What this process takes of the machine. Threading: any.
class ProcessUsage {
public:
    ProcessUsage();
    Usage measure();

private:
    // Two measurements closer than this share one answer: the share of a moment says nothing.
    static constexpr std::chrono::milliseconds kWindow{500};

    std::mutex mutex_;
    std::chrono::steady_clock::time_point at_;
    double cpu_seconds_ = 0;
    double percent_ = 0;
};

}  // namespace zs::http
