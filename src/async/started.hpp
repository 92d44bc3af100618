#pragma once

#include "async/completion.hpp"
#include "async/task_group.hpp"
#include "base/error.hpp"

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace zs::async {

// Work that runs while its starter goes on, and is waited for later. Answer is a Result<T>.
// Lifetime: the work belongs to the group and runs to its end, also when nobody waits any more.
// Threading: the starter's; the work runs on the group's executor.
template <class Answer>
class Started {
public:
    Started() = default;
    Started(TaskGroup& group, Task<Answer> task) : state_(std::make_shared<State>()) {
        group.spawn(run(state_, std::move(task)));
    }

    explicit operator bool() const { return state_ != nullptr; }
    bool ready() const {
        const std::lock_guard lock(state_->mutex);
        return state_->answer.has_value();
    }
    // Once; the object is empty afterwards.
    Task<Answer> join() {
        auto state = std::move(state_);
        state_.reset();
        auto start = [state](Completion<Answer> waiter) mutable {
            std::unique_lock lock(state->mutex);
            if (!state->answer) {
                state->waiter.emplace(std::move(waiter));
                return;
            }
            lock.unlock();
            waiter.complete(std::move(*state->answer));
        };
        return wait_for<Answer>(std::move(start));
    }

private:
    struct State {
        std::mutex mutex;
        std::optional<Answer> answer;
        std::optional<Completion<Answer>> waiter;

        void finish(Answer given) {
            std::unique_lock lock(mutex);
            if (!waiter) {
                answer.emplace(std::move(given));
                return;
            }
            auto waiting = std::move(*waiter);
            waiter.reset();
            lock.unlock();
            waiting.complete(std::move(given));
        }
    };

    static Task<> run(std::shared_ptr<State> state, Task<Answer> task) {
        std::optional<Answer> answer;
        try {
            answer.emplace(co_await std::move(task));
        } catch (const std::exception& error) {
            answer.emplace(internal_error(error.what()));
        }
        state->finish(std::move(*answer));
    }

    std::shared_ptr<State> state_;
};

}  // namespace zs::async
