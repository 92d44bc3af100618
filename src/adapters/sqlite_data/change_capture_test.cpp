#include "adapters/sqlite_data/engine_test.hpp"

#include <boost/asio/co_spawn.hpp>

#include <map>
#include <mutex>
#include <random>

namespace zs::sqlite_data {
namespace {

using data::ChangeOperation;
using data::ChangeSet;

class Listener final : public data::ChangeSubscriber {
public:
    void on_commit(const std::shared_ptr<const ChangeSet>& changes) override {
        const std::lock_guard lock(mutex_);
        sets_.push_back(changes);
    }
    std::vector<std::shared_ptr<const ChangeSet>> sets() const {
        const std::lock_guard lock(mutex_);
        return sets_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<const ChangeSet>> sets_;
};

class ChangeCaptureTest : public EngineTest {
protected:
    void SetUp() override {
        must("CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
        engine_->subscribe(listener_);
    }
    std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
};

TEST_F(ChangeCaptureTest, TellsKeyOperationOldAndNewValues) {
    must("INSERT INTO t VALUES (1,'x')");
    must("UPDATE t SET a=2, b='y' WHERE a=1");
    must("DELETE FROM t");
    const auto sets = listener_->sets();
    ASSERT_EQ(sets.size(), 3U);
    const auto& insert = sets[0]->changes.at(0);
    EXPECT_EQ(insert.table, "t");
    EXPECT_EQ(insert.operation, ChangeOperation::Insert);
    EXPECT_EQ(insert.row_id_after, 1);
    EXPECT_TRUE(insert.old_values.empty());
    EXPECT_EQ(std::get<std::string>(insert.new_values.at(1)), "x");
    const auto& update = sets[1]->changes.at(0);
    EXPECT_EQ(update.operation, ChangeOperation::Update);
    EXPECT_EQ(update.row_id_before, 1);
    EXPECT_EQ(update.row_id_after, 2);
    EXPECT_EQ(std::get<std::int64_t>(update.old_values.at(0)), 1);
    EXPECT_EQ(std::get<std::string>(update.new_values.at(1)), "y");
    const auto& erased = sets[2]->changes.at(0);
    EXPECT_EQ(erased.operation, ChangeOperation::Delete);
    EXPECT_EQ(erased.row_id_before, 2);
    EXPECT_TRUE(erased.new_values.empty());
    for (std::size_t i = 0; i < sets.size(); ++i)
        EXPECT_EQ(sets[i]->sequence, i + 1);
    EXPECT_EQ(sets[0]->tenant, request("").tenant);
}

TEST_F(ChangeCaptureTest, SaysNothingOfWhatDidNotHappen) {
    must("INSERT INTO t VALUES (1,'x')");
    EXPECT_FALSE(run("INSERT INTO t VALUES (2,'y'),(1,'taken')").ok());
    EXPECT_FALSE(run("INSERT OR FAIL INTO t VALUES (3,'y'),(1,'taken')").ok());
    must("UPDATE t SET b='z' WHERE a=99");
    EXPECT_EQ(listener_->sets().size(), 1U);
}

TEST_F(ChangeCaptureTest, ADefinitionMeansReadTheTables) {
    must("CREATE TABLE other AS SELECT 1 AS a");
    must("INSERT INTO t VALUES (1,'x')");
    auto transaction = begin();
    ASSERT_TRUE(run_in(*transaction, "INSERT INTO t VALUES (2,'y')").ok());
    ASSERT_TRUE(run_in(*transaction, "DROP TABLE other").ok());
    ASSERT_TRUE(testing::run_task(transaction->commit()).has_value());
    const auto sets = listener_->sets();
    ASSERT_EQ(sets.size(), 3U);
    EXPECT_TRUE(sets[0]->too_large);
    EXPECT_FALSE(sets[1]->too_large);
    EXPECT_TRUE(sets[2]->too_large);
    EXPECT_TRUE(sets[2]->changes.empty());
}

TEST_F(ChangeCaptureTest, WhoComesDuringATransactionHearsOfItsCommit) {
    engine_->unsubscribe(listener_);
    auto transaction = begin();
    ASSERT_TRUE(run_in(*transaction, "INSERT INTO t VALUES (1,'x')").ok());
    engine_->subscribe(listener_);
    ASSERT_TRUE(testing::run_task(transaction->commit()).has_value());
    ASSERT_EQ(listener_->sets().size(), 1U);
    EXPECT_TRUE(listener_->sets()[0]->too_large);
}

TEST_F(ChangeCaptureTest, SeesEveryRowOfADeleteThatWasCompiledBeforeAnybodyListened) {
    engine_->unsubscribe(listener_);
    must("INSERT INTO t VALUES (1,'x'),(2,'y')");
    must("DELETE FROM t");  // cached, in the form that clears the table in one step
    must("INSERT INTO t VALUES (1,'x'),(2,'y')");
    engine_->subscribe(listener_);
    must("DELETE FROM t");
    ASSERT_EQ(listener_->sets().size(), 1U);
    EXPECT_EQ(listener_->sets()[0]->changes.size(), 2U);
    engine_->unsubscribe(listener_);
    must("INSERT INTO t VALUES (5,'x')");
    EXPECT_EQ(listener_->sets().size(), 1U);
}

TEST_F(ChangeCaptureTest, FullTextShadowsAreNotTold) {
    must("CREATE VIRTUAL TABLE docs USING fts5(body)");
    must("INSERT INTO docs VALUES ('hello')");
    for (const auto& set : listener_->sets()) {
        for (const auto& change : set->changes)
            EXPECT_EQ(change.table, "docs") << change.table;
    }
}

TEST_F(ChangeCaptureTest, ATransactionIsOneSetAndWhatItUndidIsNotInIt) {
    auto transaction = begin();
    ASSERT_TRUE(run_in(*transaction, "INSERT INTO t VALUES (1,'x')").ok());
    EXPECT_FALSE(run_in(*transaction, "INSERT INTO t VALUES (2,'y'),(1,'taken')").ok());
    ASSERT_TRUE(run_in(*transaction, "UPDATE t SET b='z'").ok());
    EXPECT_TRUE(listener_->sets().empty());
    ASSERT_TRUE(testing::run_task(transaction->commit()).has_value());
    ASSERT_EQ(listener_->sets().size(), 1U);
    EXPECT_EQ(listener_->sets()[0]->changes.size(), 2U);
    auto undone = begin();
    ASSERT_TRUE(run_in(*undone, "DELETE FROM t").ok());
    testing::run_task(undone->rollback());
    EXPECT_EQ(listener_->sets().size(), 1U);
}

TEST_F(ChangeCaptureTest, ATooLargeSetSaysSo) {
    must(
        "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<8) "
        "SELECT i, zeroblob(10000000) FROM n");
    ASSERT_EQ(listener_->sets().size(), 1U);
    EXPECT_TRUE(listener_->sets()[0]->too_large);
    EXPECT_TRUE(listener_->sets()[0]->changes.empty());
    must("INSERT INTO t VALUES (9,'x')");
    EXPECT_FALSE(listener_->sets()[1]->too_large);
}

// Applies what was told to a model of the table.
std::map<std::int64_t, std::string> replay(
    const std::vector<std::shared_ptr<const ChangeSet>>& sets) {
    std::map<std::int64_t, std::string> model;
    std::uint64_t sequence = 0;
    for (const auto& set : sets) {
        EXPECT_EQ(set->sequence, ++sequence);
        for (const auto& change : set->changes) {
            if (change.operation != ChangeOperation::Insert) {
                EXPECT_EQ(model.count(change.row_id_before), 1U);
                EXPECT_EQ(model[change.row_id_before], std::get<std::string>(change.old_values[1]));
                model.erase(change.row_id_before);
            }
            if (change.operation != ChangeOperation::Delete) {
                EXPECT_EQ(model.count(change.row_id_after), 0U);
                model[change.row_id_after] = std::get<std::string>(change.new_values[1]);
            }
        }
    }
    return model;
}

std::string random_statement(std::mt19937& random) {
    const auto key = std::to_string(random() % 20);
    const auto value = "'" + std::to_string(random() % 1000) + "'";
    switch (random() % 6) {
        case 0: return "INSERT INTO t VALUES (" + key + "," + value + ")";
        case 1: return "INSERT OR REPLACE INTO t VALUES (" + key + "," + value + ")";
        case 2: return "UPDATE t SET b=" + value + " WHERE a>" + key;
        case 3: return "UPDATE OR IGNORE t SET a=a+1 WHERE a=" + key;
        case 4: return "DELETE FROM t WHERE a=" + key;
        default: return "INSERT OR ROLLBACK INTO t VALUES (" + key + "," + value + ")";
    }
}

async::Task<> autocommit_writer(SqliteSqlEngine& engine, std::vector<data::SqlRequest> statements) {
    for (auto& statement : statements) {
        (void)co_await engine.execute(std::move(statement), nullptr);
    }
}

async::Task<> transaction_writer(SqliteSqlEngine& engine, data::TransactionOptions options,
                                 std::vector<data::SqlRequest> statements) {
    while (!statements.empty()) {
        auto begun = co_await engine.begin(options);
        if (!begun) continue;
        auto transaction = std::move(*begun);
        for (int i = 0; i < 3 && !statements.empty(); ++i) {
            (void)co_await transaction->execute(std::move(statements.back()), nullptr);
            statements.pop_back();
        }
        if (statements.size() % 3 == 0) {
            co_await transaction->rollback();
        } else if (!transaction->is_over()) {
            (void)co_await transaction->commit();
        }
    }
}

TEST_F(ChangeCaptureTest, WhatIsToldIsWhatTheTableBecame) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    boost::asio::io_context loop;
    data::TransactionOptions options;
    options.tenant = request("").tenant;
    for (int writer = 0; writer < 8; ++writer) {
        std::vector<data::SqlRequest> statements;
        for (int i = 0; i < 40; ++i)
            statements.push_back(request(random_statement(random)));
        auto task = writer < 5 ? autocommit_writer(*engine_, std::move(statements))
                               : transaction_writer(*engine_, options, std::move(statements));
        boost::asio::co_spawn(loop, std::move(task), kNoAnswer);
    }
    loop.run();
    std::map<std::int64_t, std::string> real;
    const auto rows = run("SELECT a, b FROM t");
    for (std::size_t i = 0; i < rows.rows.size(); ++i)
        real[rows.integer(i, 0)] = rows.text(i, 1);
    EXPECT_EQ(replay(listener_->sets()), real);
}

}  // namespace
}  // namespace zs::sqlite_data
