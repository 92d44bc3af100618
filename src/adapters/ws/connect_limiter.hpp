#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace zs::ws {

// How many connects one network may begin in a second. Refused ones are counted, too.
// Memory is bounded: when it is full, everybody starts anew.
// Threading: any.
class ConnectLimiter {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kNetworksMax = 64 * 1024;

    // 0: no limit.
    explicit ConnectLimiter(std::uint32_t per_second) : per_second_(per_second) {}
    bool allows(const std::string& network, TimePoint now);

private:
    struct Window {
        TimePoint begun;
        std::uint32_t count = 0;
    };
    const std::uint32_t per_second_;
    std::mutex mutex_;
    std::unordered_map<std::string, Window> windows_;
};

}  // namespace zs::ws
