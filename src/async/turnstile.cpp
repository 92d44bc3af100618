#include "async/turnstile.hpp"

#include "base/unique_function.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>

namespace zs::async {

struct Turnstile::Waiter {
    bool granted = false;
    bool taken = false;
    std::condition_variable wake;
    UniqueFunction<void()> notify;  // for a coroutine
};

struct Turnstile::State {
    std::mutex mutex;
    std::size_t free = 1;
    std::deque<std::shared_ptr<Waiter>> waiters;

    // Hands the place to the next in line.
    void release() {
        UniqueFunction<void()> notify;
        {
            const std::lock_guard lock(mutex);
            if (waiters.empty()) {
                ++free;
                return;
            }
            const auto next = std::move(waiters.front());
            waiters.pop_front();
            next->granted = true;
            notify = std::move(next->notify);
            next->wake.notify_one();
        }
        if (notify) notify();
    }

    bool try_take() {
        const std::lock_guard lock(mutex);
        if (free == 0) return false;
        --free;
        return true;
    }

    std::shared_ptr<Waiter> enqueue() {
        auto waiter = std::make_shared<Waiter>();
        const std::lock_guard lock(mutex);
        if (free > 0) {
            --free;
            waiter->granted = true;
        } else {
            waiters.push_back(waiter);
        }
        return waiter;
    }
};

Turnstile::Hold& Turnstile::Hold::operator=(Hold&& other) noexcept {
    if (this == &other) return *this;
    release();
    state_ = std::exchange(other.state_, nullptr);
    return *this;
}

void Turnstile::Hold::release() {
    if (const auto state = std::exchange(state_, nullptr)) state->release();
}

Turnstile::Ticket::Ticket(std::shared_ptr<State> state, std::shared_ptr<Waiter> waiter)
    : state_(std::move(state)), waiter_(std::move(waiter)) {}

Turnstile::Ticket::~Ticket() {
    if (waiter_ == nullptr) return;
    {
        const std::lock_guard lock(state_->mutex);
        if (std::exchange(waiter_->taken, true)) return;
        if (!waiter_->granted) {
            std::erase(state_->waiters, waiter_);
            return;
        }
    }
    state_->release();
}

Turnstile::Hold Turnstile::Ticket::wait_blocking(Deadline deadline) {
    std::unique_lock lock(state_->mutex);
    const auto granted = [&] { return waiter_->granted; };
    if (deadline.is_never()) {
        waiter_->wake.wait(lock, granted);
    } else if (!waiter_->wake.wait_until(lock, deadline.at(), granted)) {
        return {};
    }
    if (std::exchange(waiter_->taken, true)) return {};
    return Hold(state_);
}

Turnstile::Turnstile(std::size_t slots) : state_(std::make_shared<State>()) {
    state_->free = slots;
}

Turnstile::~Turnstile() = default;

Turnstile::Ticket Turnstile::enqueue() {
    return Ticket(state_, state_->enqueue());
}

Turnstile::Hold Turnstile::try_acquire() {
    return state_->try_take() ? Hold(state_) : Hold();
}

Task<Result<Turnstile::Hold>> Turnstile::acquire(Deadline deadline) {
    const auto state = state_;
    if (state->try_take()) co_return Hold(state);
    const auto waiter = state->enqueue();
    // Gives the place up on every way out, also when the coroutine is destroyed while it waits.
    Ticket ticket(state, waiter);
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto timer = std::make_shared<boost::asio::steady_timer>(executor, deadline.at());
    bool granted = false;
    {
        const std::lock_guard lock(state->mutex);
        granted = waiter->granted;
        // Runs on the coroutine's own executor, so after the wait has begun.
        if (!granted) {
            waiter->notify = [timer, executor] {
                boost::asio::post(executor, [timer] { timer->cancel(); });
            };
        }
    }
    if (!granted) co_await timer->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    Hold hold = ticket.wait_blocking(Deadline(Deadline::TimePoint::min()));
    if (!hold) co_return deadline_exceeded("it took too long until it was this one's turn");
    co_return hold;
}

}  // namespace zs::async
