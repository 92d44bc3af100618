#pragma once

#include "async/deadline.hpp"
#include "async/task.hpp"
#include "base/error.hpp"

#include <memory>

namespace zs::sqlite {

// Whose turn it is to write to one database in this process: first come, first served. SQLite's own
// lock is taken only by its holder, so nobody here spins on SQLITE_BUSY.
// Threading: any. Lifetime: outlives its holds and waiters.
class WriteLock {
    struct Waiter;
    struct State;

public:
    // The turn itself; ends when destroyed. May be destroyed on any thread.
    class Hold {
    public:
        Hold() = default;
        Hold(Hold&& other) noexcept;
        Hold& operator=(Hold&& other) noexcept;
        ~Hold() { release(); }
        explicit operator bool() const { return state_ != nullptr; }
        void release();

    private:
        friend class WriteLock;
        explicit Hold(std::shared_ptr<State> state) : state_(std::move(state)) {}
        std::shared_ptr<State> state_;
    };

    // A place in the queue for a thread that waits in slices. Leaving it unfinished gives it up.
    class Ticket {
    public:
        Ticket(Ticket&&) noexcept = default;
        Ticket& operator=(Ticket&&) noexcept = delete;
        ~Ticket();
        // Empty when `deadline` passed first; the place is kept.
        Hold wait_blocking(async::Deadline deadline);

    private:
        friend class WriteLock;
        Ticket(std::shared_ptr<State> state, std::shared_ptr<Waiter> waiter);
        std::shared_ptr<State> state_;
        std::shared_ptr<Waiter> waiter_;
    };

    WriteLock();
    ~WriteLock();
    WriteLock(const WriteLock&) = delete;
    WriteLock& operator=(const WriteLock&) = delete;

    // Errors: DeadlineExceeded.
    async::Task<Result<Hold>> acquire(async::Deadline deadline);
    Ticket enqueue();
    Hold try_acquire();

private:
    std::shared_ptr<State> state_;
};

}  // namespace zs::sqlite
