#include "adapters/http/routes/chunk_queue.hpp"

#include "support/run_task.hpp"

#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <thread>

namespace zs::http {
namespace {

using testing::run_task;
using namespace std::chrono_literals;

Result<void> push(ChunkQueue& queue, std::string chunk, std::stop_token stop = {}) {
    return queue.push_blocking(std::move(chunk), async::Deadline::never(), stop);
}

// Whether `future` stays unready; only ever passes too early, never fails by chance.
template <class T>
bool is_waiting(std::future<T>& future) {
    return future.wait_for(20ms) == std::future_status::timeout;
}

TEST(ChunkQueue, KeepsTheOrderAndThenEnds) {
    ChunkQueue queue;
    ASSERT_TRUE(push(queue, "a"));
    ASSERT_TRUE(push(queue, "b"));
    queue.finish("c", {});
    EXPECT_EQ(**run_task(queue.next()), "a");
    EXPECT_EQ(**run_task(queue.next()), "b");
    EXPECT_FALSE(queue.drained());
    EXPECT_EQ(**run_task(queue.next()), "c");
    EXPECT_TRUE(queue.drained());
    EXPECT_FALSE(run_task(queue.next())->has_value());
}

TEST(ChunkQueue, TheOutcomeComesAfterTheChunks) {
    ChunkQueue queue;
    ASSERT_TRUE(push(queue, "a"));
    queue.finish({}, invalid_argument("broken"));
    queue.finish("ignored", {});
    EXPECT_EQ(**run_task(queue.next()), "a");
    EXPECT_FALSE(queue.drained());
    auto end = run_task(queue.next());
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().message, "broken");
}

TEST(ChunkQueue, TheProducerWaitsWhenTwoChunksWait) {
    ChunkQueue queue;
    ASSERT_TRUE(push(queue, "a"));
    ASSERT_TRUE(push(queue, "b"));
    auto third = std::async(std::launch::async, [&] { return push(queue, "c"); });
    EXPECT_TRUE(is_waiting(third));
    EXPECT_EQ(**run_task(queue.next()), "a");
    EXPECT_TRUE(third.get());
    queue.finish({}, {});
    EXPECT_EQ(**run_task(queue.next()), "b");
    EXPECT_EQ(**run_task(queue.next()), "c");
}

TEST(ChunkQueue, FinishNeverWaits) {
    ChunkQueue queue;
    ASSERT_TRUE(push(queue, "a"));
    ASSERT_TRUE(push(queue, "b"));
    queue.finish("c", {});
    EXPECT_EQ(**run_task(queue.next()), "a");
    EXPECT_EQ(**run_task(queue.next()), "b");
    EXPECT_EQ(**run_task(queue.next()), "c");
}

TEST(ChunkQueue, AConsumerThatCameFirstIsServed) {
    ChunkQueue queue;
    auto waiting = std::async(std::launch::async, [&] { return run_task(queue.next()); });
    EXPECT_TRUE(is_waiting(waiting));
    ASSERT_TRUE(push(queue, "a"));
    EXPECT_EQ(**waiting.get(), "a");
    auto last = std::async(std::launch::async, [&] { return run_task(queue.next()); });
    EXPECT_TRUE(is_waiting(last));
    queue.finish({}, {});
    EXPECT_FALSE(last.get()->has_value());
}

TEST(ChunkQueue, AnAbandonedQueueFailsTheProducer) {
    ChunkQueue queue;
    ASSERT_TRUE(push(queue, "a"));
    ASSERT_TRUE(push(queue, "b"));
    auto third = std::async(std::launch::async, [&] { return push(queue, "c"); });
    EXPECT_TRUE(is_waiting(third));
    queue.abandon();
    const auto failed = third.get();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::Unavailable);
    EXPECT_FALSE(push(queue, "d"));
}

TEST(ChunkQueue, ACancelledRequestWakesTheProducer) {
    ChunkQueue queue;
    std::stop_source stop;
    ASSERT_TRUE(push(queue, "a"));
    ASSERT_TRUE(push(queue, "b"));
    auto third = std::async(std::launch::async, [&] { return push(queue, "c", stop.get_token()); });
    EXPECT_TRUE(is_waiting(third));
    stop.request_stop();
    EXPECT_FALSE(third.get());
}

TEST(ChunkQueue, TheDeadlineEndsTheWait) {
    ChunkQueue queue;
    ASSERT_TRUE(push(queue, "a"));
    ASSERT_TRUE(push(queue, "b"));
    const auto late = queue.push_blocking("c", async::Deadline::after(1ms), {});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::DeadlineExceeded);
}

TEST(ChunkQueue, CarriesALongResultAcrossThreads) {
    constexpr int kChunks = 5000;
    ChunkQueue queue;
    std::thread producer([&] {
        for (int i = 0; i < kChunks; ++i) {
            if (!push(queue, std::to_string(i))) return;
        }
        queue.finish("end", {});
    });
    for (int i = 0; i < kChunks; ++i) {
        auto chunk = run_task(queue.next());
        ASSERT_TRUE(chunk && *chunk);
        ASSERT_EQ(**chunk, std::to_string(i));
    }
    EXPECT_EQ(**run_task(queue.next()), "end");
    producer.join();
}

}  // namespace
}  // namespace zs::http
