#include "adapters/sqlite_data/sqlite_sql_engine.hpp"

#include "adapters/sqlite_data/database_registry.hpp"
#include "adapters/sqlite_data/engine_test.hpp"

#include <boost/asio/co_spawn.hpp>

#include <filesystem>
#include <future>

namespace zs::sqlite_data {
namespace {

using namespace std::chrono_literals;
using data::ColumnKind;

using SqlEngineTest = EngineTest;

TEST_F(SqlEngineTest, WritesAndReadsBack) {
    const auto made = run("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)");
    ASSERT_TRUE(made.ok()) << made.message();
    EXPECT_EQ(made.summary->affected_rows, 0U);
    EXPECT_FALSE(made.summary->is_query);
    const auto added = run("INSERT INTO t(name) VALUES ('Ada'),('Grace')");
    ASSERT_TRUE(added.ok()) << added.message();
    EXPECT_EQ(added.summary->affected_rows, 2U);
    EXPECT_TRUE(added.summary->wrote);
    const auto read = run("SELECT id, name FROM t WHERE id > ? ORDER BY id", {std::int64_t{0}});
    ASSERT_TRUE(read.ok()) << read.message();
    EXPECT_FALSE(read.summary->affected_rows.has_value());
    EXPECT_FALSE(read.summary->wrote);
    EXPECT_EQ(read.summary->row_count, 2U);
    EXPECT_EQ(read.text(1, 1), "Grace");
}

TEST_F(SqlEngineTest, KeepsWhatItAnsweredOverARestart) {
    must("CREATE TABLE t(a)");
    must("INSERT INTO t VALUES (7)");
    restart();
    EXPECT_EQ(run("SELECT a FROM t").integer(), 7);
}

TEST_F(SqlEngineTest, ReturningRowsComeWithTheAnswer) {
    must("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)");
    const auto added = run("INSERT INTO t(name) VALUES ('a'),('b') RETURNING id, name");
    ASSERT_TRUE(added.ok()) << added.message();
    EXPECT_TRUE(added.summary->is_query);
    EXPECT_EQ(added.summary->affected_rows, 2U);
    EXPECT_EQ(added.text(1, 1), "b");
    auto capped = request("UPDATE t SET name='x' RETURNING id");
    capped.rows_max = 1;
    const auto cut = run(std::move(capped));
    EXPECT_TRUE(cut.summary->truncated);
    EXPECT_EQ(cut.rows.size(), 1U);
    EXPECT_EQ(run("SELECT count(*) FROM t WHERE name='x'").integer(), 2);
}

TEST_F(SqlEngineTest, RowsThatWaitForTheirCommitAreBoundedTogether) {
    options_.returning_bytes_max = 100'000;
    restart();
    must("CREATE TABLE t(a)");
    const auto many = run("INSERT INTO t VALUES (hex(zeroblob(90000))) RETURNING a");
    EXPECT_EQ(many.reason(), "too_many_statements") << many.message();
    // Whoever held rows gives them back when its answer is gone, on whatever thread that is.
    const auto add_some = [&] {
        for (int tries = 0; tries < 1000; ++tries) {
            if (run("INSERT INTO t VALUES (hex(zeroblob(40000))) RETURNING a").ok()) return true;
        }
        return false;
    };
    for (int i = 0; i < 5; ++i)
        EXPECT_TRUE(add_some()) << "what was held is given back";
    EXPECT_EQ(run("SELECT count(*) FROM t").integer(), 5) << "the refused one is undone";
}

TEST_F(SqlEngineTest, TypesComeFromDeclarationsAndFirstRows) {
    must(
        "CREATE TABLE t(a bigint, b boolean, c json, d bytea, e double precision, f interval, "
        "g varchar(10), h decimal(5,2))");
    must("INSERT INTO t VALUES (1, 1, '{}', x'00', 0.5, '1 day', 'x', 1.5)");
    const auto read = run("SELECT *, a+1, 'x'||g, a FROM t");
    ASSERT_EQ(read.columns.size(), 11U);
    EXPECT_EQ(read.columns[0].type, "BIGINT");
    EXPECT_EQ(read.columns[0].kind, ColumnKind::Integer);
    EXPECT_EQ(read.columns[1].kind, ColumnKind::Boolean);
    EXPECT_EQ(read.columns[2].kind, ColumnKind::Json);
    EXPECT_EQ(read.columns[3].kind, ColumnKind::Blob);
    EXPECT_EQ(read.columns[4].kind, ColumnKind::Real);
    EXPECT_EQ(read.columns[5].kind, ColumnKind::Plain);
    EXPECT_EQ(read.columns[6].type, "VARCHAR(10)");
    EXPECT_EQ(read.columns[7].kind, ColumnKind::Plain);
    EXPECT_EQ(read.columns[8].type, "INTEGER");
    EXPECT_EQ(read.columns[9].type, "TEXT");
    EXPECT_EQ(read.columns[10].name, "a_2");
    EXPECT_EQ(run("SELECT NULL AS n").columns[0].type, "NULL");
}

TEST_F(SqlEngineTest, AnExpressionsTypeFollowsTheFirstRowOfEachRun) {
    EXPECT_EQ(run("SELECT ?1 AS v", {std::int64_t{1}}).columns[0].type, "INTEGER");
    EXPECT_EQ(run("SELECT ?1 AS v", {std::string("x")}).columns[0].type, "TEXT");
}

TEST_F(SqlEngineTest, BindsEveryKindOfParameter) {
    EXPECT_EQ(run("SELECT $2 - $1", {std::int64_t{1}, std::int64_t{10}}).integer(), 9);
    EXPECT_EQ(run("SELECT ?2 - ?1", {std::int64_t{1}, std::int64_t{10}}).integer(), 9);
    auto named = request("SELECT :a + $b + @c");
    named.named = {{"a", std::int64_t{1}}, {"b", std::int64_t{2}}, {"c", std::int64_t{4}}};
    EXPECT_EQ(run(std::move(named)).integer(), 7);
    const auto missing = run("SELECT ? + ?", {std::int64_t{1}});
    EXPECT_EQ(missing.reason(), "invalid_argument");
    EXPECT_NE(missing.message().find("number 2"), std::string::npos) << missing.message();
    EXPECT_EQ(run("SELECT ?", {std::int64_t{1}, std::int64_t{2}}).reason(), "invalid_argument");
    EXPECT_EQ(run("SELECT length(?)", {std::string()}).integer(), 0);
}

TEST_F(SqlEngineTest, StopsAtTheRowCap) {
    auto capped = request(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) "
        "SELECT i FROM n");
    capped.rows_max = 3;
    const auto answer = run(std::move(capped));
    ASSERT_TRUE(answer.ok()) << answer.message();
    EXPECT_TRUE(answer.summary->truncated);
    EXPECT_EQ(answer.summary->row_count, 3U);
    EXPECT_EQ(answer.rows.size(), 3U);
    auto exact = request("SELECT 1 UNION ALL SELECT 2");
    exact.rows_max = 2;
    EXPECT_FALSE(run(std::move(exact)).summary->truncated);
}

TEST_F(SqlEngineTest, NamesThePlaceOfAnError) {
    const auto syntax = run("SELECT *\nFROM t WHERE WHERE");
    EXPECT_EQ(syntax.reason(), "sql_syntax_error");
    EXPECT_TRUE(syntax.message().starts_with("SQL parsing failed: ")) << syntax.message();
    EXPECT_EQ(syntax.summary.error().details.at("line").as_uint64(), 2U);
    EXPECT_EQ(syntax.summary.error().details.at("column").as_uint64(), 14U);
    const auto table = run("SELECT * FROM missing");
    EXPECT_EQ(table.reason(), "no_such_table");
    EXPECT_EQ(table.message(), "no such table: missing");
    const auto column = run("SELECT nope");
    EXPECT_EQ(column.reason(), "no_such_column");
    EXPECT_EQ(column.summary.error().details.at("column").as_uint64(), 8U);
    EXPECT_EQ(run("SELECT abs()").reason(), "sql_error");
    EXPECT_EQ(run("SELECT").reason(), "sql_syntax_error");
    EXPECT_EQ(run("INSERT INTO missing VALUES (1)").reason(), "no_such_table");
}

TEST_F(SqlEngineTest, AViolatedConstraintIsNamed) {
    must(
        "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT UNIQUE, c INT CONSTRAINT positive CHECK(c>0),"
        " d INT NOT NULL DEFAULT 1)");
    must("INSERT INTO t(a,b,c) VALUES (1,'x',1)");
    const auto unique = run("INSERT INTO t(a,b,c) VALUES (2,'x',1)");
    EXPECT_EQ(unique.reason(), "constraint_violation");
    EXPECT_EQ(unique.summary.error().code, ErrorCode::Conflict);
    EXPECT_EQ(unique.summary.error().details.at("constraint").as_string(), "UNIQUE");
    EXPECT_EQ(unique.summary.error().details.at("table").as_string(), "t");
    EXPECT_EQ(unique.summary.error().details.at("columns").as_array().at(0).as_string(), "b");
    const auto check = run("INSERT INTO t(a,b,c) VALUES (3,'y',-1)");
    EXPECT_EQ(check.summary.error().details.at("constraint").as_string(), "positive");
    const auto null = run("INSERT INTO t(a,b,c,d) VALUES (3,'y',1,NULL)");
    EXPECT_EQ(null.summary.error().details.at("constraint").as_string(), "NOT NULL");
    const auto key = run("INSERT INTO t(a,b,c) VALUES (1,'z',1)");
    EXPECT_EQ(key.summary.error().details.at("constraint").as_string(), "PRIMARY KEY");
    must("CREATE TABLE child(t INT REFERENCES t(a))");
    const auto parent = run("INSERT INTO child VALUES (99)");
    EXPECT_EQ(parent.summary.error().details.at("constraint").as_string(), "FOREIGN KEY");
}

TEST_F(SqlEngineTest, ADeferredForeignKeyFailsItsOwnStatementOnly) {
    must("CREATE TABLE p(a INTEGER PRIMARY KEY)");
    must("CREATE TABLE c(p INT REFERENCES p(a) DEFERRABLE INITIALLY DEFERRED)");
    EXPECT_EQ(run("INSERT INTO c VALUES (1)").reason(), "constraint_violation");
    EXPECT_EQ(run("SELECT count(*) FROM c").integer(), 0);
}

TEST_F(SqlEngineTest, RefusesMoreThanOneStatement) {
    EXPECT_EQ(run("SELECT 1; SELECT 2").reason(), "multiple_statements");
    EXPECT_EQ(run("SELECT 1; DROP TABLE t").reason(), "multiple_statements");
    EXPECT_TRUE(run("SELECT 1 ;; -- the end\n /* really */ ;").ok());
    EXPECT_EQ(run("INSERT INTO t VALUES (1); SELECT 1").reason(), "no_such_table");
}

TEST_F(SqlEngineTest, ExplainTellsThePlanInWords) {
    must("CREATE TABLE t(a INTEGER PRIMARY KEY, b)");
    for (const std::string prefix : {"EXPLAIN ", "EXPLAIN QUERY PLAN "}) {
        const auto plan = run(prefix + "SELECT b FROM t WHERE a = 1");
        ASSERT_TRUE(plan.ok()) << plan.message();
        EXPECT_EQ(plan.columns.at(0).name, "plan");
        EXPECT_NE(plan.text().find("SEARCH t USING INTEGER PRIMARY KEY"), std::string::npos);
    }
    EXPECT_TRUE(run("EXPLAIN DELETE FROM t").ok());
    EXPECT_TRUE(run("EXPLAIN DELETE FROM t").ok());
}

TEST_F(SqlEngineTest, TenantsDoNotSeeEachOther) {
    must("CREATE TABLE t(a)");
    auto sandbox = request("SELECT * FROM t");
    sandbox.tenant.env_slug = "sandbox";
    EXPECT_EQ(run(std::move(sandbox)).reason(), "no_such_table");
    auto other = request("SELECT * FROM t");
    other.tenant.org_id = "../default";
    EXPECT_EQ(run(std::move(other)).reason(), "no_such_table");
    EXPECT_TRUE(std::filesystem::exists(folder_.file("sql/default/live.db")));
    EXPECT_TRUE(std::filesystem::exists(folder_.file("sql/%2E%2E%2Fdefault/live.db")));
}

TEST(FileNamePart, NeverLeavesItsFolderAndNeverCollides) {
    EXPECT_EQ(file_name_part("acme-1_x"), "acme-1_x");
    EXPECT_EQ(file_name_part(".."), "%2E%2E");
    EXPECT_EQ(file_name_part("A"), "%41");
    EXPECT_EQ(file_name_part(std::string_view("a\0b", 3)), "a%00b");
    EXPECT_NE(file_name_part(""), file_name_part("empty"));
    const auto hashed = file_name_part(std::string(300, 'x'));
    EXPECT_LT(hashed.size(), 128U);
    EXPECT_NE(hashed, file_name_part(std::string(301, 'x')));
}

TEST_F(SqlEngineTest, ClosesTheDatabaseUnusedLongest) {
    options_.databases_open_max = 2;
    restart();
    for (const char* org : {"a", "b", "c", "a"}) {
        auto wanted = request("CREATE TABLE IF NOT EXISTS t(a)");
        wanted.tenant.org_id = org;
        ASSERT_TRUE(run(std::move(wanted)).ok()) << org;
    }
    EXPECT_EQ(engine_->databases_open(), 2U);
}

async::Task<> insert_one(SqliteSqlEngine& engine, data::SqlRequest wanted, int& done) {
    const auto answer = co_await engine.execute(std::move(wanted), nullptr);
    if (answer) ++done;
}

TEST_F(SqlEngineTest, WaitingWritesShareACommitAndFailAlone) {
    must("CREATE TABLE t(a INTEGER PRIMARY KEY CHECK (a >= 0))");
    const auto tenant = request("").tenant;
    // Holds the write lock until everything waits.
    auto blocker = begin_writing();
    boost::asio::io_context loop;
    int done = 0;
    for (int i = 0; i < 50; ++i) {
        const int value = i % 5 == 0 ? -1 : i;
        boost::asio::co_spawn(
            loop,
            insert_one(*engine_, request("INSERT INTO t VALUES (?)", {std::int64_t{value}}), done),
            kNoAnswer);
    }
    loop.poll();
    const auto before = testing::run_task(engine_->commits(tenant));
    testing::run_task(blocker->rollback());
    loop.run();
    EXPECT_EQ(done, 40);
    EXPECT_EQ(run("SELECT count(*) FROM t").integer(), 40);
    const auto commits = testing::run_task(engine_->commits(tenant)) - before;
    EXPECT_LE(commits, 2U);
    EXPECT_GE(commits, 1U);
}

TEST_F(SqlEngineTest, AStatementThatGivesTheTransactionUpLeavesTheOthersIntact) {
    must("CREATE TABLE t(a INTEGER PRIMARY KEY)");
    must("INSERT INTO t VALUES (5)");
    auto blocker = begin_writing();
    boost::asio::io_context loop;
    int done = 0;
    for (const char* sql : {"INSERT INTO t VALUES (1)", "INSERT OR ROLLBACK INTO t VALUES (5)",
                            "INSERT INTO t VALUES (2)", "INSERT OR FAIL INTO t VALUES (3),(5)"}) {
        boost::asio::co_spawn(loop, insert_one(*engine_, request(sql), done), kNoAnswer);
    }
    loop.poll();
    testing::run_task(blocker->rollback());
    loop.run();
    EXPECT_EQ(done, 2);
    const auto left = run("SELECT group_concat(a) FROM (SELECT a FROM t ORDER BY a)");
    EXPECT_EQ(left.text(), "1,2,5");
}

// Takes rows only once it is opened, like a client that does not read.
class StuckSink final : public data::RowSink {
public:
    explicit StuckSink(std::shared_future<void> opened) : opened_(std::move(opened)) {}
    Result<void> columns(std::span<const data::ResultColumn>) override { return {}; }
    Result<void> row(std::span<const data::SqlValueView>) override {
        opened_.wait();
        return {};
    }

private:
    std::shared_future<void> opened_;
};

async::Task<> stream_one(SqliteSqlEngine& engine, data::SqlRequest wanted,
                         std::shared_ptr<data::RowSink> sink, std::vector<std::string>& answers) {
    const auto summary = co_await engine.execute(std::move(wanted), std::move(sink));
    answers.emplace_back(summary ? "" : std::string(summary.error().reason_text()));
}

TEST_F(SqlEngineTest, SlowReadersHoldUpOnlyEachOther) {
    options_.concurrent_wait = 20ms;
    restart();
    must("CREATE TABLE t(a)");
    std::promise<void> open;
    const auto sink = std::make_shared<StuckSink>(open.get_future().share());
    boost::asio::io_context loop;
    std::vector<std::string> answers;
    for (int i = 0; i < 5; ++i) {
        boost::asio::co_spawn(loop, stream_one(*engine_, request("SELECT 1"), sink, answers),
                              kNoAnswer);
    }
    while (answers.empty())
        loop.run_one();  // four are stuck, so the first answer is the fifth's
    EXPECT_EQ(answers, (std::vector<std::string>{"too_many_statements"}));
    auto limited = request("SELECT 1");
    limited.rows_max = 10;
    EXPECT_TRUE(run(std::move(limited)).ok());
    auto transaction = begin_writing();
    auto write = request("INSERT INTO t VALUES (1)");
    write.rows_max = 10;
    EXPECT_TRUE(run_in(*transaction, std::move(write)).ok());
    EXPECT_TRUE(testing::run_task(transaction->commit()).has_value());
    open.set_value();
    loop.run();
    EXPECT_EQ(answers, (std::vector<std::string>{"too_many_statements", "", "", "", ""}));
}

// Takes one row and no more.
class FullSink final : public data::RowSink {
public:
    Result<void> columns(std::span<const data::ResultColumn>) override { return {}; }
    Result<void> row(std::span<const data::SqlValueView>) override {
        if (++rows_ <= 1) return {};
        return too_large("no more", "result_too_large");
    }

private:
    int rows_ = 0;
};

TEST_F(SqlEngineTest, ADurableWriteIsNoErrorWhenItsRowsCannotBeGiven) {
    must("CREATE TABLE t(a)");
    for (const bool stream : {false, true}) {
        auto wanted = request("INSERT INTO t VALUES (1),(2),(3) RETURNING a");
        if (!stream) wanted.rows_max = 100;
        const auto summary =
            testing::run_task(engine_->execute(std::move(wanted), std::make_shared<FullSink>()));
        ASSERT_TRUE(summary.has_value());
        EXPECT_TRUE(summary->truncated);
        EXPECT_EQ(summary->row_count, 1U);
        EXPECT_EQ(summary->affected_rows, 3U);
    }
    EXPECT_EQ(run("SELECT count(*) FROM t").integer(), 6);
}

TEST_F(SqlEngineTest, ListsTablesWithWhatTheyHave) {
    must("CREATE TABLE people(id INTEGER PRIMARY KEY, name text NOT NULL)");
    must("CREATE INDEX by_name ON people(name)");
    must("INSERT INTO people(name) VALUES ('a'),('b')");
    must("CREATE VIEW names AS SELECT name FROM people");
    must("CREATE VIRTUAL TABLE docs USING fts5(body)");
    must("INSERT INTO docs VALUES ('counting me would read everything')");
    const auto rights = std::make_shared<identity::Rights>(identity::Rights::everything());
    const auto tables = testing::run_task(engine_->tables(request("").tenant, rights));
    ASSERT_TRUE(tables.has_value());
    ASSERT_EQ(tables->size(), 3U);
    EXPECT_EQ((*tables)[0].name, "docs");
    EXPECT_EQ((*tables)[0].columns.size(), 1U);
    EXPECT_EQ((*tables)[0].row_count, 0U);
    EXPECT_EQ((*tables)[1].kind, data::TableKind::View);
    EXPECT_EQ((*tables)[2].row_count, 2U);
    const auto people = testing::run_task(engine_->table(request("").tenant, "PEOPLE", rights));
    ASSERT_TRUE(people.has_value());
    EXPECT_EQ(people->columns[1].type, "TEXT");
    EXPECT_FALSE(people->columns[1].nullable);
    EXPECT_TRUE(people->columns[0].primary_key);
    ASSERT_EQ(people->indexes.size(), 1U);
    EXPECT_EQ(people->indexes[0].columns, (std::vector<std::string>{"name"}));
    auto few = std::make_shared<identity::Rights>();
    few->set_table("names", {identity::Right::Read});
    EXPECT_EQ(testing::run_task(engine_->tables(request("").tenant, few))->size(), 1U);
    const auto hidden = testing::run_task(engine_->table(request("").tenant, "people", few));
    ASSERT_FALSE(hidden.has_value());
    EXPECT_EQ(hidden.error().reason, "no_such_table");
}

}  // namespace
}  // namespace zs::sqlite_data
