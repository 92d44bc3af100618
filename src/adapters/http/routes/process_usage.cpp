#include "adapters/http/routes/process_usage.hpp"

#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

namespace zs::http {
namespace {

double cpu_seconds_now() {
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::int64_t resident_bytes() {
    // A file of the kernel's memory, so reading it does not wait for a disk.
    std::ifstream statm("/proc/self/statm");
    std::int64_t total = 0;
    std::int64_t resident = 0;
    statm >> total >> resident;
    return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace

ProcessUsage::ProcessUsage()
    : at_(std::chrono::steady_clock::now()), cpu_seconds_(cpu_seconds_now()) {}

Usage ProcessUsage::measure() {
    Usage usage;
    usage.memory_bytes = resident_bytes();
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - at_ >= kWindow) {
        const double cpu = cpu_seconds_now();
        percent_ = 100 * (cpu - cpu_seconds_) / std::chrono::duration<double>(now - at_).count();
        at_ = now;
        cpu_seconds_ = cpu;
    }
    usage.cpu_percent = percent_;
    return usage;
}

}  // namespace zs::http
