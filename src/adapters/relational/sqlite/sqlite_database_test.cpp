#include "adapters/relational/sqlite/sqlite_database.hpp"

#include "adapters/relational/open_database.hpp"
#include "support/run_task.hpp"
#include "support/run_together.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

namespace zs::relational {
namespace {

class SqliteDatabaseTest : public ::testing::Test {
protected:
    std::unique_ptr<Database> open(std::size_t write_queue_max = 4096) {
        SqliteConfig config;
        config.path = folder_.file("control.db");
        config.readers_max = 2;
        config.write_queue_max = write_queue_max;
        auto made = SqliteDatabase::open(config, blocking_);
        if (!made) throw std::runtime_error(made.error().message);
        return std::move(*made);
    }
    static std::uint64_t commits(const Database& database) {
        return dynamic_cast<const SqliteDatabase&>(database).commits();
    }

    testing::TempDir folder_;
    async::BlockingPool blocking_{"test", {.threads = 4, .queue_max = 64}};
};

async::Task<Result<std::int64_t>> open_gate(std::promise<void>& gate) {
    gate.set_value();
    co_return std::int64_t{1};
}

TEST_F(SqliteDatabaseTest, WaitingWritesShareACommit) {
    auto db = open();
    auto table = [](Session& session) { return session.script("create table t (i bigint)"); };
    ASSERT_TRUE(testing::run_task(db->write(table)));
    const auto before = commits(*db);
    constexpr int kWaiting = 100;
    // The first write holds the writer until the others are in its queue. They get there before the
    // last coroutine starts: one loop starts them in order.
    std::promise<void> all_queued;
    auto gate = all_queued.get_future().share();
    std::vector<async::Task<Result<std::int64_t>>> tasks;
    auto first = [gate](Session& session) {
        gate.wait();
        return session.execute("insert into t values (0)", {});
    };
    tasks.push_back(db->write(first));
    for (int i = 1; i <= kWaiting; ++i) {
        auto work = [i](Session& session) {
            return session.execute_with("insert into t values (?)", i);
        };
        tasks.push_back(db->write(work));
    }
    tasks.push_back(open_gate(all_queued));
    for (const auto& answer : testing::run_together(std::move(tasks))) {
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(*answer, 1);
    }
    EXPECT_LE(commits(*db) - before, 2U);
    auto count = [](Session& session) { return session.query("select count(*) from t", {}); };
    EXPECT_EQ(testing::run_task(db->read(count))->front().integer(0), kWaiting + 1);
}

TEST_F(SqliteDatabaseTest, MoreReadsThanReadersTakeTurns) {
    auto db = open();
    std::vector<async::Task<Result<Rows>>> tasks;
    for (int i = 0; i < 30; ++i) {
        auto work = [](Session& session) { return session.query("select 7", {}); };
        tasks.push_back(db->read(work));
    }
    for (const auto& answer : testing::run_together(std::move(tasks))) {
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->front().integer(0), 7);
    }
}

TEST_F(SqliteDatabaseTest, AWriteSurvivesReopening) {
    auto table = [](Session& session) {
        return session.script("create table t (i bigint); insert into t values (5)");
    };
    auto db = open();
    ASSERT_TRUE(testing::run_task(db->write(table)));
    db.reset();
    db = open();
    auto read = [](Session& session) { return session.query("select i from t", {}); };
    EXPECT_EQ(testing::run_task(db->read(read))->front().integer(0), 5);
}

TEST_F(SqliteDatabaseTest, TheLogGoesIntoTheDatabaseMeanwhile) {
    auto db = open();
    auto table = [](Session& session) { return session.script("create table t (b blob)"); };
    ASSERT_TRUE(testing::run_task(db->write(table)));
    constexpr std::uintmax_t kMiB = 1 << 20;
    for (int i = 0; i < 12; ++i) {
        auto write = [](Session& session) {
            return session.execute("insert into t values (zeroblob(1048576))", {});
        };
        ASSERT_TRUE(testing::run_task(db->write(write)));
    }
    // Nobody commits any more, and the database is open still.
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::filesystem::file_size(folder_.file("control.db")) < 4 * kMiB) {
        ASSERT_LT(std::chrono::steady_clock::now(), give_up);
        std::this_thread::yield();
    }
    auto count = [](Session& session) {
        return session.query("select count(*), sum(length(b)) from t", {});
    };
    auto rows = testing::run_task(db->read(count));
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows->front().integer(0), 12);
    EXPECT_EQ(rows->front().integer(1), 12 << 20);
}

TEST_F(SqliteDatabaseTest, SaysWhyItCannotOpen) {
    DatabaseConfig config;
    config.sqlite_path = folder_.file("missing/folder/control.db");
    auto missing = open_database(config, blocking_);
    EXPECT_FALSE(missing);
    config.sqlite_path = folder_.file("text.db");
    std::ofstream(config.sqlite_path) << std::string(8192, 'x');
    auto text = open_database(config, blocking_);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, ErrorCode::DataLoss);
}

}  // namespace
}  // namespace zs::relational
