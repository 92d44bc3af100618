#pragma once

#include "async/io_runtime.hpp"

#include <chrono>

namespace zs::http {

// Tells whether every event loop still takes turns.
// Lifetime: the runtime outlives it. Threading: any loop of the runtime.
class LoopProbe {
public:
    explicit LoopProbe(async::IoRuntime& io,
                       std::chrono::milliseconds patience = std::chrono::seconds(1))
        : io_(io), patience_(patience) {}

    // False when a loop has not answered within the patience.
    async::Task<bool> all_answer();

private:
    async::IoRuntime& io_;
    const std::chrono::milliseconds patience_;
};

}  // namespace zs::http
