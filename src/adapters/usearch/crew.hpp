#pragma once

#include "async/blocking_pool.hpp"

#include <cstddef>
#include <functional>

namespace zs::usearch {

// Threads of a pool that help one of them with work that comes in pieces, while nobody waits for
// the pool: so who asks first does not keep the others waiting.
// Threading: any. Lifetime: the pool outlives it.
class Crew {
public:
    Crew(async::BlockingPool& pool, std::size_t threads) : pool_(pool), threads_(threads) {}

    // How many may work at once, the caller included.
    std::size_t threads() const { return threads_; }
    // Calls piece(0) … piece(count - 1), each once, and returns when all have returned.
    void run_blocking(std::size_t count, const std::function<void(std::size_t)>& piece);

private:
    async::BlockingPool& pool_;
    std::size_t threads_;
};

}  // namespace zs::usearch
