#include "async/task_group.hpp"

#include "async/io_runtime.hpp"
#include "async/sleep.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace zs::async {
namespace {

Task<> count_up(std::atomic<int>& counter) {
    ++counter;
    co_return;
}

Task<> wait_long(std::atomic<int>& cancelled) {
    try {
        co_await sleep_for(std::chrono::hours(1));
    } catch (const boost::system::system_error&) {
        ++cancelled;
        throw;
    }
}

TEST(TaskGroup, JoinsWhatItSpawned) {
    IoRuntime io(2);
    io.start();
    std::atomic<int> counter{0};
    TaskGroup group(io.executor(1), "test");
    for (int i = 0; i < 100; ++i)
        group.spawn(count_up(counter));
    group.join_blocking();
    EXPECT_EQ(counter.load(), 100);
}

TEST(TaskGroup, CancelsWhatStillWaits) {
    IoRuntime io(1);
    io.start();
    std::atomic<int> cancelled{0};
    TaskGroup group(io.executor(), "test");
    for (int i = 0; i < 10; ++i)
        group.spawn(wait_long(cancelled));
    group.cancel();
    group.spawn(wait_long(cancelled));  // never starts
    group.join_blocking();
    EXPECT_LE(cancelled.load(), 10);
    EXPECT_EQ(group.size(), 0U);
}

}  // namespace
}  // namespace zs::async
