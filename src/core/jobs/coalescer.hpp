#pragma once

#include "async/completion.hpp"
#include "async/task_group.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace zs::jobs {

// Calls that come while others run go together in the next one: no timer, no wait when idle.
// Lifetime:  the group is joined before this is destroyed. Threading: any; `run` is called on the
//            group's executor.
template <class Item, class Answer>
class Coalescer {
public:
    using Run = std::function<async::Task<std::vector<Result<Answer>>>(std::vector<Item>)>;

    Coalescer(async::TaskGroup& group, std::size_t at_once, std::size_t batch_max, Run run)
        : group_(group), at_once_(at_once), batch_max_(batch_max), run_(std::move(run)) {}

    async::Task<Result<Answer>> call(Item item) {
        auto start = [this, item = std::move(item)](Waiter done) mutable {
            bool idle = false;
            {
                const std::lock_guard lock(mutex_);
                queue_.emplace_back(std::move(item), std::move(done));
                idle = running_ < at_once_;
                if (idle) ++running_;
            }
            if (idle) group_.spawn(drain());
        };
        return async::wait_for<Result<Answer>>(std::move(start));
    }

private:
    using Waiter = async::Completion<Result<Answer>>;

    async::Task<> drain() {
        // Who calls in the same turn of the loop comes along.
        const auto executor = co_await boost::asio::this_coro::executor;
        co_await boost::asio::post(executor, boost::asio::use_awaitable);
        while (true) {
            std::vector<Item> items;
            std::vector<Waiter> waiters;
            {
                const std::lock_guard lock(mutex_);
                if (queue_.empty()) {
                    --running_;
                    co_return;
                }
                const auto count = std::min(queue_.size(), batch_max_);
                items.reserve(count);
                waiters.reserve(count);
                for (std::size_t i = 0; i < count; ++i) {
                    items.push_back(std::move(queue_.front().first));
                    waiters.push_back(std::move(queue_.front().second));
                    queue_.pop_front();
                }
            }
            std::vector<Result<Answer>> answers;
            try {
                answers = co_await run_(std::move(items));
            } catch (const std::exception& failure) {
                answers.assign(waiters.size(), Result<Answer>(internal_error(failure.what())));
            }
            for (std::size_t i = 0; i < waiters.size(); ++i)
                waiters[i].complete(std::move(answers[i]));
        }
    }

    async::TaskGroup& group_;
    const std::size_t at_once_;
    const std::size_t batch_max_;
    const Run run_;
    std::mutex mutex_;
    std::deque<std::pair<Item, Waiter>> queue_;
    std::size_t running_ = 0;
};

}  // namespace zs::jobs
