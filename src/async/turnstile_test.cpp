#include "async/turnstile.hpp"

#include "support/run_task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace zs::async {
namespace {

using namespace std::chrono_literals;

TEST(Turnstile, LetsAsManyInAsItHasSlots) {
    Turnstile turnstile(2);
    auto first = turnstile.try_acquire();
    auto second = turnstile.try_acquire();
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(turnstile.try_acquire());
    first.release();
    EXPECT_TRUE(turnstile.try_acquire());
}

TEST(Turnstile, AnswersWhenTheDeadlinePasses) {
    Turnstile turnstile;
    const auto held = turnstile.try_acquire();
    const auto answer = testing::run_task(turnstile.acquire(Deadline::after(1ms)));
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, ErrorCode::DeadlineExceeded);
}

TEST(Turnstile, APlaceThatWasGivenUpGoesToNobody) {
    Turnstile turnstile;
    {
        const auto held = turnstile.try_acquire();
        (void)testing::run_task(turnstile.acquire(Deadline::after(1ms)));
        auto ticket = turnstile.enqueue();
        EXPECT_FALSE(ticket.wait_blocking(Deadline::after(0ms)));
    }
    EXPECT_TRUE(turnstile.try_acquire());
}

Task<> wait_in_line(Turnstile& turnstile, std::vector<int>& order, int number) {
    auto hold = co_await turnstile.acquire(Deadline::never());
    order.push_back(number);
}

TEST(Turnstile, ServesCoroutinesAndThreadsInTheOrderTheyCame) {
    Turnstile turnstile;
    auto held = turnstile.try_acquire();
    std::vector<int> order;
    boost::asio::io_context loop;
    boost::asio::co_spawn(loop, wait_in_line(turnstile, order, 1), boost::asio::detached);
    loop.poll();
    auto ticket = turnstile.enqueue();
    boost::asio::co_spawn(loop, wait_in_line(turnstile, order, 3), boost::asio::detached);
    loop.poll();
    held.release();
    loop.poll();
    {
        const auto mine = ticket.wait_blocking(Deadline::never());
        EXPECT_TRUE(mine);
        order.push_back(2);
    }
    loop.run();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Turnstile, NeverLetsTwoThreadsThroughOneSlot) {
    Turnstile turnstile;
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int turn = 0; turn < 500; ++turn) {
                auto ticket = turnstile.enqueue();
                const auto hold = ticket.wait_blocking(Deadline::never());
                most = std::max(most.load(), ++inside);
                --inside;
            }
        });
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(most, 1);
}

TEST(Turnstile, ADestroyedWaiterDoesNotKeepTheTurn) {
    Turnstile turnstile;
    auto held = turnstile.try_acquire();
    std::vector<int> order;
    {
        boost::asio::io_context loop;
        boost::asio::co_spawn(loop, wait_in_line(turnstile, order, 1), boost::asio::detached);
        loop.poll();
    }
    held.release();
    EXPECT_TRUE(turnstile.try_acquire());
    EXPECT_TRUE(order.empty());
}

}  // namespace
}  // namespace zs::async
