#include "adapters/relational/postgres/postgres_database.hpp"

#include "support/postgres_server.hpp"
#include "support/run_task.hpp"
#include "support/run_together.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace zs::relational {
namespace {

using testing::PostgresServer;

class PostgresDatabaseTest : public ::testing::Test {
protected:
    std::unique_ptr<Database> open(PostgresServer& server, const std::string& name) {
        config_.url = Secret(server.url(name));
        auto made = PostgresDatabase::open(config_, blocking_);
        if (!made) throw std::runtime_error(made.error().message);
        return std::move(*made);
    }
    void TearDown() override {
        if (!name_.empty()) PostgresServer::shared().give_back_database(name_);
    }
    std::unique_ptr<Database> open() {
        auto& server = PostgresServer::shared();
        name_ = server.take_database();
        return open(server, name_);
    }
    void setup(Database& db, const std::string& script) {
        auto work = [script](Session& session) { return session.script(script); };
        auto done = testing::run_task(db.write(work));
        ASSERT_TRUE(done) << done.error().message;
    }
    std::int64_t number(Database& db, const std::string& sql) {
        auto work = [sql](Session& session) { return session.query(sql, {}); };
        auto rows = testing::run_task(db.read(work));
        if (!rows) throw std::runtime_error(rows.error().message);
        return rows->front().integer(0);
    }
    static std::size_t connections(const Database& db) {
        return dynamic_cast<const PostgresDatabase&>(db).open_connections();
    }

    PostgresConfig config_;
    std::string name_;
    async::BlockingPool blocking_{"test", {.threads = 8, .queue_max = 64}};
};

TEST_F(PostgresDatabaseTest, RunsAClosureAgainThatLostARace) {
    auto db = open();
    setup(*db, "create table c (id int primary key, n bigint); insert into c values (1, 0)");
    std::atomic<int> runs{0};
    auto work = [&](Session& session) -> Result<void> {
        auto rows = session.query("select n from c", {});
        if (!rows) return rows.error();
        // Another transaction comes between, the first time.
        if (++runs == 1) {
            std::thread other(
                [&] { PostgresServer::shared().run(name_, "update c set n = n + 10"); });
            other.join();
        }
        auto done = session.execute_with("update c set n = ?", rows->front().integer(0) + 1);
        if (!done) return done.error();
        return {};
    };
    auto done = testing::run_task(db->write(work));
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(number(*db, "select n from c"), 11);
}

TEST_F(PostgresDatabaseTest, GivesUpOnARaceItAlwaysLoses) {
    auto db = open();
    setup(*db, "create table c (n bigint)");
    std::atomic<int> runs{0};
    auto work = [&](Session& session) -> Result<void> {
        ++runs;
        return session.script("do $$ begin raise exception 'lost' using errcode = '40001'; end $$");
    };
    auto done = testing::run_task(db->write(work));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().reason, "serialization_failure");
    EXPECT_EQ(runs, 21);
}

TEST_F(PostgresDatabaseTest, ReplacesConnectionsThatTheServerEnded) {
    auto db = open();
    setup(*db, "create table t (i bigint)");
    for (int round = 0; round < 3; ++round) {
        PostgresServer::shared().run("postgres",
                                     "select pg_terminate_backend(pid) from pg_stat_activity "
                                     "where datname = '"
                                         + name_ + "'");
        auto work = [round](Session& session) {
            return session.execute_with("insert into t values (?)", round);
        };
        auto done = testing::run_task(db->write(work));
        ASSERT_TRUE(done) << done.error().message;
    }
    EXPECT_EQ(number(*db, "select count(*) from t"), 3);
}

TEST_F(PostgresDatabaseTest, RunsAClosureAgainWhoseConnectionBroke) {
    auto db = open();
    setup(*db, "create table t (i bigint)");
    std::atomic<int> runs{0};
    auto work = [&](Session& session) -> Result<void> {
        auto stored = session.execute("insert into t values (1)", {});
        if (!stored) return stored.error();
        if (++runs == 1) {
            auto ended = session.query("select pg_terminate_backend(pg_backend_pid())", {});
            if (!ended) return ended.error();
        }
        return {};
    };
    auto done = testing::run_task(db->write(work));
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(number(*db, "select count(*) from t"), 1);
}

TEST_F(PostgresDatabaseTest, SaysThatTheOutcomeIsUnknownWhenCommitIsCut) {
    auto db = open();
    setup(*db,
          "create table t (i bigint);"
          "create function die() returns trigger language plpgsql as $$ begin"
          " perform pg_terminate_backend(pg_backend_pid()); return null; end $$;"
          "create constraint trigger at_commit after insert on t deferrable initially deferred"
          " for each row execute function die()");
    std::atomic<int> runs{0};
    auto work = [&](Session& session) {
        ++runs;
        return session.execute("insert into t values (1)", {});
    };
    auto done = testing::run_task(db->write(work));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::DeadlineExceeded);
    EXPECT_EQ(runs, 1);
}

TEST_F(PostgresDatabaseTest, IsUnavailableWhileTheServerIsDownAndComesBack) {
    PostgresServer server(PostgresServer::Fsync::On);
    auto db = open(server, "postgres");
    setup(*db, "create table t (i bigint); insert into t values (4)");
    server.stop();
    for (int i = 0; i < 3; ++i) {
        const auto down = testing::run_task(db->ping());
        ASSERT_FALSE(down);
        EXPECT_EQ(down.error().code, ErrorCode::Unavailable);
    }
    server.start();
    // The back-off lets somebody try within its longest pause.
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    auto up = testing::run_task(db->ping());
    while (!up && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        up = testing::run_task(db->ping());
    }
    ASSERT_TRUE(up) << up.error().message;
    EXPECT_EQ(number(*db, "select i from t"), 4);
}

TEST_F(PostgresDatabaseTest, StopsAStatementThatTakesTooLong) {
    config_.statement_timeout = Millis(50);
    auto db = open();
    auto work = [](Session& session) { return session.query("select pg_sleep(30)", {}); };
    auto done = testing::run_task(db->read(work));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::DeadlineExceeded);
    EXPECT_TRUE(testing::run_task(db->ping()));
}

TEST_F(PostgresDatabaseTest, OpensNoMoreConnectionsThanItMay) {
    config_.connections_max = 2;
    auto db = open();
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::vector<async::Task<Result<void>>> tasks;
    for (int i = 0; i < 12; ++i) {
        auto work = [&](Session& session) -> Result<void> {
            const int now = ++inside;
            for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {}
            auto rows = session.query("select pg_sleep(0.01)", {});
            --inside;
            if (!rows) return rows.error();
            return {};
        };
        tasks.push_back(db->read(work));
    }
    for (const auto& answer : testing::run_together(std::move(tasks))) {
        EXPECT_TRUE(answer) << answer.error().message;
    }
    EXPECT_EQ(most, 2);
    EXPECT_EQ(connections(*db), 2U);
}

TEST_F(PostgresDatabaseTest, SaysWhenEveryConnectionStaysInUse) {
    config_.connections_max = 1;
    config_.connection_timeout = Seconds(0);
    auto db = open();
    auto outer = [&](Session& session) -> Result<bool> {
        auto rows = session.query("select 1", {});
        if (!rows) return rows.error();
        const auto inner = testing::run_task(db->ping());
        return !inner && inner.error().reason == "overloaded";
    };
    auto done = testing::run_task(db->read(outer));
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_TRUE(*done);
}

TEST_F(PostgresDatabaseTest, ForgetsStatementsBeforeTheyAreTooMany) {
    config_.connections_max = 1;
    auto db = open();
    for (int i = 0; i < 3; ++i) {
        auto work = [i](Session& session) -> Result<std::int64_t> {
            std::int64_t sum = 0;
            for (int k = 0; k < 150; ++k) {
                auto rows = session.query("select " + std::to_string(i * 150 + k), {});
                if (!rows) return rows.error();
                sum += rows->front().integer(0);
            }
            auto kept = session.query("select count(*) from pg_prepared_statements", {});
            if (!kept) return kept.error();
            return kept->front().integer(0);
        };
        auto kept = testing::run_task(db->read(work));
        ASSERT_TRUE(kept) << kept.error().message;
        EXPECT_LE(*kept, 256 + 152);
        EXPECT_GE(*kept, 150);
    }
    EXPECT_LT(number(*db, "select count(*) from pg_prepared_statements"), 256);
}

TEST_F(PostgresDatabaseTest, SurvivesAPlanThatASchemaChangeOutdates) {
    auto db = open();
    setup(*db, "create table t (i bigint); insert into t values (1)");
    EXPECT_EQ(number(*db, "select * from t"), 1);
    PostgresServer::shared().run(name_, "alter table t alter column i type text");
    auto work = [](Session& session) { return session.query("select * from t", {}); };
    auto rows = testing::run_task(db->read(work));
    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(rows->front().text(0), "1");
}

TEST_F(PostgresDatabaseTest, ReadsJsonbAndNumericAsTextAndNumbers) {
    auto db = open();
    setup(*db, "create table t (j jsonb, n numeric, b boolean, f real, s smallint)");
    auto write = [](Session& session) {
        return session.execute_with("insert into t values (?, 2.5, true, 1.5, ?)", "{\"a\":[1]}",
                                    7);
    };
    auto stored = testing::run_task(db->write(write));
    ASSERT_TRUE(stored) << stored.error().message;
    for (int run = 0; run < 2; ++run) {
        auto read = [](Session& session) {
            return session.query("select j, n, b, f, s from t", {});
        };
        auto rows = testing::run_task(db->read(read));
        ASSERT_TRUE(rows) << rows.error().message;
        const auto& row = rows->front();
        EXPECT_EQ(row.text(0), "{\"a\": [1]}");
        EXPECT_EQ(row.real(1), 2.5);
        EXPECT_TRUE(row.boolean(2));
        EXPECT_EQ(row.real(3), 1.5);
        EXPECT_EQ(row.integer(4), 7);
        auto binary = [](Session& session) {
            return session.query("select j, b, f, s from t", {});
        };
        auto again = testing::run_task(db->read(binary));
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_EQ(again->front().text(0), "{\"a\": [1]}");
        EXPECT_EQ(again->front().real(2), 1.5);
    }
}

TEST_F(PostgresDatabaseTest, AScriptCannotEndTheTransaction) {
    auto db = open();
    auto work = [](Session& session) { return session.script("create table t (i int); commit"); };
    auto done = testing::run_task(db->write(work));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::Internal);
    EXPECT_TRUE(testing::run_task(db->ping()));
}

TEST_F(PostgresDatabaseTest, NeverTellsThePassword) {
    for (const char* url :
         {"postgres://u:s3cret@/db?host=/nonexistent", "postgres://u:s3cret%ZZ@localhost/db",
          "postgres://u:s3cret@host:port/db", "postgres://u:1@s3cret@host/db",
          "postgres://u:1/s3cret@host/db", "postgres://u:s3cret/w@host/db",
          "host=/nonexistent password=s3cret", "password='s3cret"}) {
        PostgresConfig config;
        config.url = Secret(url);
        auto made = PostgresDatabase::open(config, blocking_);
        ASSERT_FALSE(made) << url;
        EXPECT_EQ(made.error().message.find("s3cret"), std::string::npos) << made.error().message;
    }
}

}  // namespace
}  // namespace zs::relational
