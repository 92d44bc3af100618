#pragma once

#include "async/deadline.hpp"
#include "async/task.hpp"
#include "base/error.hpp"

#include <cstddef>
#include <memory>
#include <utility>

namespace zs::async {

// Lets `slots` holders in at once, first come, first served. With one slot it is a fair lock that
// coroutines and threads wait for in one line.
// Threading: any. Lifetime: holds and waiters may outlive it.
class Turnstile {
    struct Waiter;
    struct State;

public:
    // A place inside; given up when destroyed, on any thread.
    class Hold {
    public:
        Hold() = default;
        Hold(Hold&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
        Hold& operator=(Hold&& other) noexcept;
        ~Hold() { release(); }
        explicit operator bool() const { return state_ != nullptr; }
        void release();

    private:
        friend class Turnstile;
        explicit Hold(std::shared_ptr<State> state) : state_(std::move(state)) {}
        std::shared_ptr<State> state_;
    };

    // A place in the line for a thread that waits in slices. Destroying it gives the place up.
    class Ticket {
    public:
        Ticket(Ticket&&) noexcept = default;
        Ticket& operator=(Ticket&&) = delete;
        ~Ticket();
        // Empty when `deadline` passed first; the place is kept.
        Hold wait_blocking(Deadline deadline);

    private:
        friend class Turnstile;
        Ticket(std::shared_ptr<State> state, std::shared_ptr<Waiter> waiter);
        std::shared_ptr<State> state_;
        std::shared_ptr<Waiter> waiter_;
    };

    explicit Turnstile(std::size_t slots = 1);
    ~Turnstile();
    Turnstile(const Turnstile&) = delete;
    Turnstile& operator=(const Turnstile&) = delete;

    // Errors: DeadlineExceeded.
    Task<Result<Hold>> acquire(Deadline deadline);
    Ticket enqueue();
    // Empty when it would have to wait. Never overtakes those in line.
    Hold try_acquire();

private:
    std::shared_ptr<State> state_;
};

}  // namespace zs::async
