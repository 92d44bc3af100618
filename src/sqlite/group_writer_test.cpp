#include "sqlite/group_writer.hpp"

#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace zs::sqlite {
namespace {

using namespace std::chrono_literals;

class CountingObserver final : public WriteObserver {
public:
    void work_begins() override { ++begun; }
    void work_undone() override { ++undone; }
    Result<void> before_commit(Connection&) override {
        if (refuse) return unavailable("refused by the observer");
        return {};
    }
    void committed() override { ++commits; }
    void rolled_back() override { ++rollbacks; }

    std::atomic<int> begun{0};
    std::atomic<int> undone{0};
    std::atomic<int> commits{0};
    std::atomic<int> rollbacks{0};
    std::atomic<bool> refuse{false};
};

class GroupWriterTest : public ::testing::Test {
protected:
    GroupWriterTest() { make({}); }
    void make(GroupWriter::Limits limits) {
        writer_.reset();
        auto connection = Connection::open(folder_.file("test.db"), OpenMode::ReadWriteCreate);
        EXPECT_TRUE(connection->execute("CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY)"));
        writer_ = std::make_unique<GroupWriter>(std::move(*connection), lock_, limits, observer_);
    }
    static auto insert(int value) {
        return [value](Connection& connection) -> Result<std::int64_t> {
            auto statement = connection.prepare_cached("INSERT INTO t VALUES (?1)");
            if (!statement) return std::move(statement).error();
            auto done = statement->bind(1, value);
            if (done) done = statement->run();
            if (!done) return std::move(done).error();
            return connection.last_insert_rowid();
        };
    }
    std::int64_t rows() {
        auto reader = Connection::open(folder_.file("test.db"), OpenMode::ReadOnly);
        auto query = reader->prepare("SELECT count(*) FROM t");
        EXPECT_TRUE(*query->step());
        return query->integer(0);
    }
    // Runs each work on a thread of its own, all queued while the lock is held.
    template <class Work>
    std::vector<bool> run_together(const std::vector<Work>& works) {
        std::vector<char> succeeded(works.size(), 0);
        std::vector<std::thread> threads;
        {
            const auto held = lock_->try_acquire();
            EXPECT_TRUE(held);
            for (std::size_t i = 0; i < works.size(); ++i) {
                threads.emplace_back(
                    [&, i] { succeeded[i] = writer_->run_blocking(works[i]).has_value() ? 1 : 0; });
            }
            while (writer_->queued() < works.size())
                std::this_thread::yield();
        }
        for (auto& thread : threads)
            thread.join();
        return {succeeded.begin(), succeeded.end()};
    }

    testing::TempDir folder_;
    std::shared_ptr<WriteLock> lock_ = std::make_shared<WriteLock>();
    std::shared_ptr<CountingObserver> observer_ = std::make_shared<CountingObserver>();
    std::unique_ptr<GroupWriter> writer_;
};

TEST_F(GroupWriterTest, CommitsWhatWaitsTogether) {
    std::vector<decltype(insert(0))> works;
    for (int i = 1; i <= 20; ++i)
        works.push_back(insert(i));
    const auto succeeded = run_together(works);
    EXPECT_EQ(std::count(succeeded.begin(), succeeded.end(), true), 20);
    EXPECT_EQ(writer_->commits(), 1U);
    EXPECT_EQ(rows(), 20);
}

TEST_F(GroupWriterTest, AFailureIsUndoneAlone) {
    ASSERT_TRUE(writer_->run_blocking(insert(1)).has_value());
    const auto succeeded = run_together(std::vector{insert(1), insert(2), insert(3)});
    EXPECT_EQ(std::count(succeeded.begin(), succeeded.end(), true), 2);
    EXPECT_EQ(observer_->undone, 1);
    EXPECT_EQ(rows(), 3);
    EXPECT_FALSE(writer_->run_blocking(insert(1)).has_value());
    EXPECT_EQ(rows(), 3);
}

TEST_F(GroupWriterTest, InnocentWorkRunsAgainWhenTheTransactionIsLost) {
    using AnyWork = std::function<Result<std::int64_t>(Connection&)>;
    std::vector<AnyWork> works;
    for (int i = 1; i <= 5; ++i)
        works.emplace_back(insert(i));
    works.emplace_back([](Connection& connection) -> Result<std::int64_t> {
        auto done = connection.execute("INSERT OR ROLLBACK INTO t VALUES (100),(100)");
        if (!done) return std::move(done).error();
        return 0;
    });
    for (int i = 6; i <= 9; ++i)
        works.emplace_back(insert(i));
    const auto succeeded = run_together(works);
    EXPECT_EQ(std::count(succeeded.begin(), succeeded.end(), true), 9);
    EXPECT_EQ(rows(), 9);
    EXPECT_EQ(observer_->rollbacks, 1);
    EXPECT_EQ(observer_->commits, 1);
}

TEST_F(GroupWriterTest, AFailedCommitFailsEverybodyInIt) {
    observer_->refuse = true;
    const auto succeeded = run_together(std::vector{insert(1), insert(2)});
    EXPECT_EQ(std::count(succeeded.begin(), succeeded.end(), true), 0);
    EXPECT_EQ(rows(), 0);
    observer_->refuse = false;
    EXPECT_TRUE(writer_->run_blocking(insert(1)).has_value());
}

TEST_F(GroupWriterTest, RefusesWhenTheQueueIsFull) {
    make({.queue_max = 2, .batch_max = 10});
    std::atomic<int> overloaded{0};
    std::vector<std::thread> threads;
    {
        const auto held = lock_->try_acquire();
        for (int i = 1; i <= 6; ++i) {
            threads.emplace_back([&, i] {
                const auto answer = writer_->run_blocking(insert(i));
                if (!answer && answer.error().reason == "overloaded") ++overloaded;
            });
        }
        while (overloaded < 4)
            std::this_thread::yield();
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(overloaded, 4);
    EXPECT_EQ(rows(), 2);
}

TEST_F(GroupWriterTest, WhoWaitsTooLongHearsSoWithoutHavingBegun) {
    const auto held = lock_->try_acquire();
    WriteOptions options;
    options.deadline = async::Deadline::after(1ms);
    const auto answer = writer_->run_blocking(insert(1), options);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, ErrorCode::DeadlineExceeded);
    EXPECT_EQ(observer_->begun, 0);
}

TEST_F(GroupWriterTest, AnExceptionIsAnErrorOfThatWork) {
    auto throwing = [](Connection&) -> Result<int> { throw std::runtime_error("oh"); };
    const auto answer = writer_->run_blocking(throwing);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, ErrorCode::Internal);
    EXPECT_TRUE(writer_->run_blocking(insert(1)).has_value());
}

TEST_F(GroupWriterTest, WhatWorkCapturedIsGoneBeforeTheAnswer) {
    for (int round = 0; round < 50; ++round) {
        std::atomic<bool> gone{false};
        const auto die_slowly = [&gone](int* value) {
            delete value;
            std::this_thread::yield();
            gone = true;
        };
        auto work = [held = std::shared_ptr<int>(new int(round), die_slowly)](
                        Connection&) -> Result<int> { return *held; };
        EXPECT_EQ(writer_->run_blocking(std::move(work)).value(), round);
        ASSERT_TRUE(gone) << "round " << round;
    }
}

TEST_F(GroupWriterTest, FinishesWhatIsQueuedBeforeItGoes) {
    std::vector<std::thread> threads;
    std::atomic<int> done{0};
    auto held = lock_->try_acquire();
    for (int i = 1; i <= 4; ++i) {
        threads.emplace_back([&, i] {
            if (writer_->run_blocking(insert(i))) ++done;
        });
    }
    while (writer_->queued() < 4)
        std::this_thread::yield();
    std::thread closing([&] { writer_.reset(); });
    held.release();
    closing.join();
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(done, 4);
}

}  // namespace
}  // namespace zs::sqlite
