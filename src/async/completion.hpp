#pragma once

#include "async/task.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace zs::async {

// The other half of a coroutine that waits: whoever holds it completes it once, from any thread;
// the coroutine goes on, on its own executor.
// Lifetime: dropping it without completing would leave the coroutine waiting for ever; an abandoned
// one therefore completes with Unavailable.
template <class Answer>
class Completion {
public:
    template <class Handler>
    explicit Completion(Handler handler)
        : pending_(std::make_unique<Pending<Handler>>(std::move(handler))) {}
    Completion(Completion&&) noexcept = default;
    Completion& operator=(Completion&&) noexcept = default;
    ~Completion() {
        if (pending_) complete(Answer(unavailable("the server is stopping")));
    }

    void complete(Answer answer) {
        auto pending = std::move(pending_);
        if (pending) pending->complete(std::move(answer));
    }

private:
    struct Base {
        virtual ~Base() = default;
        virtual void complete(Answer answer) = 0;
    };
    template <class Handler>
    struct Pending final : Base {
        explicit Pending(Handler h)
            : handler(std::move(h)),
              work(boost::asio::make_work_guard(boost::asio::get_associated_executor(handler))) {}
        void complete(Answer answer) override {
            auto executor = work.get_executor();
            boost::asio::post(executor, [h = std::move(handler), a = std::move(answer)]() mutable {
                std::move(h)(std::move(a));
            });
        }
        Handler handler;
        boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> work;
    };
    std::unique_ptr<Base> pending_;
};

// Suspends the coroutine, calls `start(Completion<Answer>)` and answers what it is completed with.
// `start` runs on the coroutine's thread and must not block. Answer is a Result<T>.
template <class Answer, class Start>
Task<Answer> wait_for(Start start) {
    auto initiate = [start = std::move(start)](auto handler) mutable {
        start(Completion<Answer>(std::move(handler)));
    };
    co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                   void(Answer)>(std::move(initiate),
                                                                 boost::asio::use_awaitable);
}

}  // namespace zs::async
