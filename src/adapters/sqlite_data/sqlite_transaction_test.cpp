#include "adapters/sqlite_data/engine_test.hpp"

namespace zs::sqlite_data {
namespace {

using namespace std::chrono_literals;

class SqliteTransactionTest : public EngineTest {
protected:
    void SetUp() override {
        must("CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
        must("INSERT INTO t VALUES (1,'one')");
    }
    std::int64_t rows() { return run("SELECT count(*) FROM t").integer(); }
};

TEST_F(SqliteTransactionTest, CommitMakesItVisibleAndDurable) {
    auto transaction = begin();
    ASSERT_TRUE(run_in(*transaction, "INSERT INTO t VALUES (2,'two')").ok());
    EXPECT_TRUE(transaction->holds_write_lock());
    EXPECT_EQ(rows(), 1);
    EXPECT_EQ(run_in(*transaction, "SELECT count(*) FROM t").integer(), 2);
    ASSERT_TRUE(testing::run_task(transaction->commit()).has_value());
    EXPECT_FALSE(transaction->holds_write_lock());
    restart();
    EXPECT_EQ(rows(), 2);
}

TEST_F(SqliteTransactionTest, RollbackAndDestructionUndo) {
    {
        auto transaction = begin();
        ASSERT_TRUE(run_in(*transaction, "DELETE FROM t").ok());
        testing::run_task(transaction->rollback());
        EXPECT_EQ(rows(), 1);
        transaction = begin();
        ASSERT_TRUE(run_in(*transaction, "DELETE FROM t").ok());
    }
    must("INSERT INTO t VALUES (3,'three')");  // waits for the lock that the destructor gives up
    EXPECT_EQ(rows(), 2);
}

TEST_F(SqliteTransactionTest, ReadsTheSnapshotOfItsFirstStatement) {
    auto transaction = begin();
    must("INSERT INTO t VALUES (2,'before the first statement')");
    EXPECT_EQ(run_in(*transaction, "SELECT count(*) FROM t").integer(), 2);
    must("INSERT INTO t VALUES (3,'after it')");
    EXPECT_EQ(run_in(*transaction, "SELECT count(*) FROM t").integer(), 2);
}

TEST_F(SqliteTransactionTest, AWriteOnAStaleSnapshotIsASerializationFailure) {
    auto transaction = begin();
    ASSERT_TRUE(run_in(*transaction, "SELECT * FROM t").ok());
    must("UPDATE t SET b='changed'");
    const auto late = run_in(*transaction, "UPDATE t SET b='lost'");
    EXPECT_EQ(late.reason(), "serialization_failure") << late.message();
    EXPECT_EQ(late.summary.error().code, ErrorCode::Conflict);
    EXPECT_TRUE(transaction->is_over());
    EXPECT_FALSE(transaction->holds_write_lock());
    EXPECT_FALSE(testing::run_task(transaction->commit()).has_value());
    EXPECT_EQ(run("SELECT b FROM t").text(), "changed");
    must("UPDATE t SET b='free'");
}

TEST_F(SqliteTransactionTest, TheSecondWriterGivesUpAfterItsPatience) {
    auto first = begin();
    ASSERT_TRUE(run_in(*first, "UPDATE t SET b='first'").ok());
    data::TransactionOptions impatient;
    impatient.lock_wait = 20ms;
    auto second = begin(impatient);
    const auto answer = run_in(*second, "UPDATE t SET b='second'");
    EXPECT_EQ(answer.reason(), "serialization_failure");
    EXPECT_TRUE(second->is_over());
    ASSERT_TRUE(testing::run_task(first->commit()).has_value());
    EXPECT_EQ(run("SELECT b FROM t").text(), "first");
}

TEST_F(SqliteTransactionTest, TakingTheLockAtBeginRulesConflictsOut) {
    auto transaction = begin_writing();
    EXPECT_TRUE(transaction->holds_write_lock());
    ASSERT_TRUE(run_in(*transaction, "SELECT * FROM t").ok());
    data::TransactionOptions impatient;
    impatient.tenant = request("").tenant;
    impatient.write_now = true;
    impatient.lock_wait = 10ms;
    const auto other = testing::run_task(engine_->begin(impatient));
    ASSERT_FALSE(other.has_value());
    EXPECT_EQ(other.error().reason, "serialization_failure");
    EXPECT_TRUE(run_in(*transaction, "UPDATE t SET b='mine'").ok());
    EXPECT_TRUE(testing::run_task(transaction->commit()).has_value());
}

TEST_F(SqliteTransactionTest, AFailedStatementUndoesOnlyItself) {
    auto transaction = begin();
    ASSERT_TRUE(run_in(*transaction, "INSERT INTO t VALUES (2,'two')").ok());
    for (const char* sql : {"INSERT INTO t VALUES (3,'x'),(1,'taken')",
                            "INSERT OR FAIL INTO t VALUES (4,'x'),(1,'y')", "SELECT * FROM missing",
                            "SELECT syntax error", "ATTACH 'x' AS y", "COMMIT"}) {
        EXPECT_FALSE(run_in(*transaction, sql).ok()) << sql;
        EXPECT_FALSE(transaction->is_over()) << sql;
    }
    ASSERT_TRUE(testing::run_task(transaction->commit()).has_value());
    EXPECT_EQ(rows(), 2);
}

TEST_F(SqliteTransactionTest, AStoppedReadLeavesTheTransactionAsItWas) {
    auto transaction = begin();
    ASSERT_TRUE(run_in(*transaction, "INSERT INTO t VALUES (2,'two')").ok());
    auto endless = request(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n");
    endless.deadline = async::Deadline::after(20ms);
    EXPECT_FALSE(run_in(*transaction, std::move(endless)).ok());
    EXPECT_FALSE(transaction->is_over());
    EXPECT_TRUE(testing::run_task(transaction->commit()).has_value());
    EXPECT_EQ(rows(), 2);
}

TEST_F(SqliteTransactionTest, AStoppedWriteEndsTheTransaction) {
    auto transaction = begin();
    ASSERT_TRUE(run_in(*transaction, "INSERT INTO t VALUES (2,'two')").ok());
    auto endless = request(
        "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i+1 FROM n) "
        "SELECT i, i FROM n");
    endless.deadline = async::Deadline::after(20ms);
    const auto answer = run_in(*transaction, std::move(endless));
    EXPECT_EQ(answer.summary.error().code, ErrorCode::DeadlineExceeded);
    EXPECT_TRUE(transaction->is_over());
    EXPECT_EQ(rows(), 1);
    must("INSERT INTO t VALUES (2,'the lock is free')");
}

TEST_F(SqliteTransactionTest, AReadThatRunsOutOfMemoryMayEndTheTransactionButNeverHalfOfIt) {
    options_.statement.memory_bytes = std::size_t{8} << 20;
    restart();
    auto transaction = begin();
    ASSERT_TRUE(run_in(*transaction, "INSERT INTO t VALUES (2,'two')").ok());
    const auto greedy =
        run_in(*transaction,
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000) "
               "SELECT i, randomblob(100000) AS b FROM n ORDER BY b");
    EXPECT_EQ(greedy.reason(), "out_of_memory") << greedy.message();
    const bool over = transaction->is_over();
    EXPECT_EQ(run_in(*transaction, "INSERT INTO t VALUES (3,'three')").ok(), !over);
    EXPECT_EQ(rows(), 1);
    EXPECT_EQ(testing::run_task(transaction->commit()).has_value(), !over);
    EXPECT_EQ(rows(), over ? 1 : 3);
    EXPECT_TRUE(run("INSERT INTO t VALUES (4,'the lock is free')").ok());
}

TEST_F(SqliteTransactionTest, ADefinitionThatIsUndoneIsForgotten) {
    auto transaction = begin();
    ASSERT_TRUE(run_in(*transaction, "CREATE VIRTUAL TABLE f USING fts5(a)").ok());
    ASSERT_TRUE(run_in(*transaction, "SELECT * FROM f").ok());
    testing::run_task(transaction->rollback());
    transaction = begin();
    ASSERT_TRUE(run_in(*transaction, "CREATE TABLE f_data(a)").ok());
    EXPECT_TRUE(run_in(*transaction, "INSERT INTO f_data VALUES (1)").ok());
}

TEST_F(SqliteTransactionTest, OrRollbackEndsTheTransaction) {
    auto transaction = begin();
    ASSERT_TRUE(run_in(*transaction, "INSERT INTO t VALUES (2,'two')").ok());
    EXPECT_EQ(run_in(*transaction, "INSERT OR ROLLBACK INTO t VALUES (1,'x')").reason(),
              "constraint_violation");
    EXPECT_TRUE(transaction->is_over());
    EXPECT_EQ(rows(), 1);
}

TEST_F(SqliteTransactionTest, AReadOnlyOneRefusesWrites) {
    data::TransactionOptions options;
    options.read_only = true;
    auto transaction = begin(options);
    EXPECT_EQ(run_in(*transaction, "INSERT INTO t VALUES (2,'x')").reason(),
              "read_only_transaction");
    EXPECT_FALSE(transaction->holds_write_lock());
    EXPECT_TRUE(run_in(*transaction, "SELECT * FROM t").ok());
    EXPECT_TRUE(testing::run_task(transaction->commit()).has_value());
}

TEST_F(SqliteTransactionTest, AViolatedDeferredKeyCanBeMendedBeforeCommit) {
    must("CREATE TABLE c(t INT REFERENCES t(a) DEFERRABLE INITIALLY DEFERRED)");
    auto transaction = begin();
    ASSERT_TRUE(run_in(*transaction, "INSERT INTO c VALUES (77)").ok());
    const auto refused = testing::run_task(transaction->commit());
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().reason, "constraint_violation");
    EXPECT_FALSE(transaction->is_over());
    ASSERT_TRUE(run_in(*transaction, "INSERT INTO t VALUES (77,'parent')").ok());
    EXPECT_TRUE(testing::run_task(transaction->commit()).has_value());
}

TEST_F(SqliteTransactionTest, DefinitionsAreTransactional) {
    auto transaction = begin();
    ASSERT_TRUE(run_in(*transaction, "CREATE TABLE n(a)").ok());
    ASSERT_TRUE(run_in(*transaction, "CREATE VIRTUAL TABLE f USING fts5(a)").ok());
    ASSERT_TRUE(run_in(*transaction, "INSERT INTO f VALUES ('word')").ok());
    EXPECT_EQ(run_in(*transaction, "DELETE FROM f_data").reason(), "statement_not_allowed");
    EXPECT_EQ(run("SELECT * FROM n").reason(), "no_such_table");
    ASSERT_TRUE(testing::run_task(transaction->commit()).has_value());
    EXPECT_TRUE(run("SELECT * FROM n").ok());
    EXPECT_EQ(run("SELECT count(*) FROM f WHERE f MATCH 'word'").integer(), 1);
}

TEST_F(SqliteTransactionTest, EachStatementNeedsItsOwnRights) {
    auto transaction = begin();
    auto poor = request("SELECT * FROM t");
    poor.rights = std::make_shared<identity::Rights>();
    EXPECT_EQ(run_in(*transaction, std::move(poor)).reason(), "permission_denied");
    EXPECT_TRUE(run_in(*transaction, "SELECT * FROM t").ok());
}

}  // namespace
}  // namespace zs::sqlite_data
