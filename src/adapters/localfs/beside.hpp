#pragma once

#include "async/blocking_pool.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace zs::localfs {

// One job at a time on a pool, beside the coroutine that started it: it hashes or reads the next
// piece while the last one travels over the socket.
// Lifetime: the pool outlives the job. Threading: start() and take() by one coroutine.
template <class T>
class Beside {
public:
    explicit Beside(async::BlockingPool& pool) : pool_(pool), state_(std::make_shared<State>()) {}

    bool is_running() const { return running_; }
    // Not while another one runs. `job` holds all it needs.
    void start(UniqueFunction<Result<T>()> job) {
        running_ = true;
        auto run = [state = state_, job = std::move(job)]() mutable {
            Result<T> answer = call(job);
            job = {};  // what it held goes before anybody hears of the end
            deliver(*state, std::move(answer));
        };
        if (!pool_.try_post(std::move(run))) {
            deliver(*state_, unavailable("the server is overloaded; try again", "overloaded"));
        }
    }
    // What the job answered; waits for it.
    async::Task<Result<T>> take() {
        running_ = false;
        auto wait = [state = state_](async::Completion<Result<T>> done) {
            std::unique_lock lock(state->mutex);
            if (!state->answer) {
                state->waiter.emplace(std::move(done));
                return;
            }
            auto answer = std::move(*state->answer);
            state->answer.reset();
            lock.unlock();
            done.complete(std::move(answer));
        };
        return async::wait_for<Result<T>>(std::move(wait));
    }

private:
    struct State {
        std::mutex mutex;
        std::optional<Result<T>> answer;
        std::optional<async::Completion<Result<T>>> waiter;
    };
    static Result<T> call(UniqueFunction<Result<T>()>& job) {
        try {
            return job();
        } catch (const std::exception& error) {
            return internal_error(error.what());
        }
    }
    static void deliver(State& state, Result<T> answer) {
        std::unique_lock lock(state.mutex);
        if (!state.waiter) {
            state.answer.emplace(std::move(answer));
            return;
        }
        auto waiter = std::move(*state.waiter);
        state.waiter.reset();
        lock.unlock();
        waiter.complete(std::move(answer));
    }

    async::BlockingPool& pool_;
    std::shared_ptr<State> state_;
    bool running_ = false;
};

}  // namespace zs::localfs
