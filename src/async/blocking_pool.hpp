#pragma once

#include "async/completion.hpp"
#include "async/task.hpp"
#include "base/unique_function.hpp"

#include <memory>
#include <optional>
#include <string>
#include <type_traits>

namespace zs::async {

// A few threads for calls that block: SQLite, libpq, files, hashing. The queue is bounded; when it
// is full the answer is Unavailable at once, so that overload is felt at the edge and not as
// memory. A thread begins when there is work for it, with the niceness and the signal mask of
// whoever brought that, and stays.
// Lifetime: joins its threads on destruction, after the queue has drained.
// Threading: any.
class BlockingPool {
public:
    struct Limits {
        std::size_t threads = 2;
        std::size_t queue_max = 1024;
    };

    BlockingPool(std::string name, Limits limits);
    ~BlockingPool();
    BlockingPool(const BlockingPool&) = delete;
    BlockingPool& operator=(const BlockingPool&) = delete;

    // Runs `work` (a callable returning Result<T>) on a pool thread; the coroutine goes on where it
    // was, and by then `work` and what it captured are gone. Name the lambda first, then await.
    // Errors: what `work` answers; Unavailable ("overloaded") when the queue is full or the pool
    // stops. An exception out of `work` becomes Internal.
    template <class Work>
    Task<std::invoke_result_t<Work&>> run(Work work) {
        using Answer = std::invoke_result_t<Work&>;
        auto start = [this, work = std::move(work)](Completion<Answer> done) mutable {
            // The completion is shared between the job and a refusal, of which one happens.
            auto shared = std::make_shared<Completion<Answer>>(std::move(done));
            auto job = [shared, work = std::optional<Work>(std::move(work))]() mutable {
                auto answer = call_guarded<Answer>(*work);
                // Else what it captured could die here, after all that it stands on.
                work.reset();
                shared->complete(std::move(answer));
            };
            if (!try_post(std::move(job))) shared->complete(refusal());
        };
        return wait_for<Answer>(std::move(start));
    }

    // Puts `job` in the queue without waiting for it. False when the queue is full or stopping.
    bool try_post(UniqueFunction<void()> job);

    std::size_t queued() const;
    std::size_t queue_max() const { return limits_.queue_max; }

private:
    template <class Answer, class Work>
    static Answer call_guarded(Work& work) {
        try {
            return work();
        } catch (const std::exception& error) {
            return internal_error(error.what());
        }
    }
    Error refusal() const;

    struct State;
    Limits limits_;
    std::unique_ptr<State> state_;
};

}  // namespace zs::async
