#pragma once

#include "async/completion.hpp"
#include "async/deadline.hpp"
#include "async/task.hpp"
#include "base/error.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace zs::http {

// Carries a large result from the engine's thread to a connection's loop. At most kWaitingMax
// chunks wait: then the engine stands still until the client has taken one, so memory stays bounded
// however slow the client is.
// Threading: one producer, one consumer, each on a thread of its own.
class ChunkQueue {
public:
    static constexpr std::size_t kChunkBytes = 64 * 1024;
    static constexpr std::size_t kWaitingMax = 2;

    // Producer. Blocks while the queue is full. Errors: Unavailable once the consumer has left or
    // `cancelled` is requested; DeadlineExceeded.
    Result<void> push_blocking(std::string chunk, async::Deadline deadline,
                               const std::stop_token& cancelled);
    // Producer, once: the last chunk (may be empty) and how the result ended. Never blocks, and may
    // exceed the bound by this one chunk. Later calls change nothing.
    void finish(std::string last, Result<void> outcome);

    // Consumer. The next chunk; nullopt at the end. Errors: the outcome of finish().
    async::Task<Result<std::optional<std::string>>> next();
    // Consumer. True when finish() was called and nothing waits any more.
    bool drained() const;
    // Consumer: will not come back. The producer's next push fails.
    void abandon();

private:
    using Answer = Result<std::optional<std::string>>;
    void give(async::Completion<Answer> waiter);
    std::optional<Answer> take_locked();

    mutable std::mutex mutex_;
    std::condition_variable_any room_;
    std::deque<std::string> chunks_;
    std::optional<Result<void>> outcome_;
    std::optional<async::Completion<Answer>> waiter_;
    bool abandoned_ = false;
};

}  // namespace zs::http
