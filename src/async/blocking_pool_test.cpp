#include "async/blocking_pool.hpp"

#include "support/run_task.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <iterator>
#include <latch>
#include <thread>

namespace zs::async {
namespace {

Task<Result<int>> add_on_pool(BlockingPool& pool, int a, int b) {
    auto work = [a, b]() -> Result<int> { return a + b; };
    co_return co_await pool.run(std::move(work));
}

Task<Result<int>> throw_on_pool(BlockingPool& pool) {
    auto work = []() -> Result<int> { throw std::runtime_error("broken"); };
    co_return co_await pool.run(std::move(work));
}

// What `die_slowly` sets must be seen by whoever has the answer.
template <class Deleter>
Task<bool> is_gone_with_answer(BlockingPool& pool, Deleter die_slowly, const bool& gone) {
    auto work = [held = std::shared_ptr<int>(new int(1), die_slowly)]() -> Result<int> {
        return *held;
    };
    (void)co_await pool.run(std::move(work));
    co_return gone;
}

TEST(BlockingPool, RunsWorkElsewhereAndComesBack) {
    BlockingPool pool("test", {.threads = 2, .queue_max = 8});
    EXPECT_EQ(testing::run_task(add_on_pool(pool, 2, 3)).value(), 5);
}

TEST(BlockingPool, TurnsExceptionsIntoErrors) {
    BlockingPool pool("test", {.threads = 1, .queue_max = 8});
    const auto answer = testing::run_task(throw_on_pool(pool));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::Internal);
    EXPECT_EQ(answer.error().message, "broken");
}

TEST(BlockingPool, WhatWorkCapturedIsGoneBeforeTheAnswer) {
    BlockingPool pool("test", {.threads = 1, .queue_max = 8});
    for (int round = 0; round < 100; ++round) {
        bool gone = false;
        const auto die_slowly = [&gone](int* value) {
            delete value;
            std::this_thread::yield();
            gone = true;
        };
        ASSERT_TRUE(testing::run_task(is_gone_with_answer(pool, die_slowly, gone)))
            << "round " << round;
    }
}

std::ptrdiff_t threads_of_this_process() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
}

TEST(BlockingPool, AThreadBeginsWhenThereIsWorkForIt) {
    const auto before = threads_of_this_process();
    BlockingPool pool("test", {.threads = 8, .queue_max = 8});
    EXPECT_EQ(threads_of_this_process(), before);
    EXPECT_EQ(testing::run_task(add_on_pool(pool, 2, 3)).value(), 5);
    EXPECT_EQ(threads_of_this_process(), before + 1);
}

// Each waits for all others: fewer threads would wait for ever.
TEST(BlockingPool, EveryJobHasAThreadWhileThereAreSome) {
    constexpr int kThreads = 6;
    for (int round = 0; round < 50; ++round) {
        std::latch all(kThreads);
        BlockingPool pool("test", {.threads = kThreads, .queue_max = 100});
        EXPECT_EQ(testing::run_task(add_on_pool(pool, 2, 3)).value(), 5) << "one is idle";
        for (int i = 0; i < kThreads; ++i)
            ASSERT_TRUE(pool.try_post([&] { all.arrive_and_wait(); }));
        all.wait();
    }
}

TEST(BlockingPool, RefusesWhenTheQueueIsFull) {
    BlockingPool pool("test", {.threads = 1, .queue_max = 1});
    std::promise<void> release;
    auto gate = release.get_future().share();
    std::promise<void> running;
    ASSERT_TRUE(pool.try_post([&, gate] {
        running.set_value();
        gate.wait();
    }));
    running.get_future().wait();
    ASSERT_TRUE(pool.try_post([] {}));
    const auto answer = testing::run_task(add_on_pool(pool, 1, 1));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, "overloaded");
    release.set_value();
}

TEST(BlockingPool, DrainsBeforeItEnds) {
    std::atomic<int> done{0};
    {
        BlockingPool pool("test", {.threads = 2, .queue_max = 1000});
        for (int i = 0; i < 500; ++i)
            ASSERT_TRUE(pool.try_post([&] { ++done; }));
    }
    EXPECT_EQ(done.load(), 500);
}

}  // namespace
}  // namespace zs::async
