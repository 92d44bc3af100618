#include "adapters/sqlite_data/engine_test.hpp"
#include "sqlite/connection.hpp"

#include <filesystem>
#include <stop_token>
#include <thread>

namespace zs::sqlite_data {
namespace {

using namespace std::chrono_literals;

using SqlSecurityTest = EngineTest;

constexpr const char* kEndless =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n";

TEST_F(SqlSecurityTest, RefusesWhatReachesOutsideTheDatabase) {
    must("CREATE TABLE t(a)");
    must("CREATE VIRTUAL TABLE docs USING fts5(body)");
    const std::vector<std::string> refused = {
        "ATTACH '/etc/passwd' AS p",
        "ATTACH DATABASE ':memory:' AS p",
        "attach database 'x' as y",
        "/* hidden */ ATTACH 'x' AS y",
        "EXPLAIN ATTACH 'x' AS y",
        "DETACH main",
        "VACUUM",
        "VACUUM INTO '/tmp/stolen.db'",
        "PRAGMA journal_mode=DELETE",
        "PRAGMA journal_mode",
        "PRAGMA query_only=0",
        "PRAGMA writable_schema=1",
        "PRAGMA trusted_schema=1",
        "PRAGMA synchronous=OFF",
        "PRAGMA main.cache_size=1000000",
        "PRAGMA temp_store_directory='/tmp'",
        "PRAGMA database_list",
        "PRAGMA compile_options",
        "PRAGMA hard_heap_limit=1",
        "PRAGMA mmap_size=0",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM pragma_compile_options",
        "CREATE VIRTUAL TABLE v USING fts5vocab(docs, row)",
        "CREATE VIRTUAL TABLE v USING dbstat",
        "CREATE VIRTUAL TABLE v USING csv(filename='/etc/passwd')",
        "CREATE TEMP TABLE x(a)",
        "CREATE TEMP VIEW x AS SELECT 1",
        "CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END",
        "CREATE TABLE _zs_mine(a)",
        "CREATE VIEW _ZS_mine AS SELECT 1",
        "CREATE INDEX _zs_i ON t(a)",
        "ALTER TABLE t RENAME TO _zs_mine",
        "ALTER TABLE t RENAME TO json_each",
        "ALTER TABLE t RENAME TO jsonb_each",
        "ALTER TABLE t RENAME TO [JSONB_tree]",
        "CREATE TABLE json_each(a)",
        "CREATE VIEW jsonb_tree AS SELECT 1",
        "CREATE TABLE pragma_database_list(a)",
        "INSERT INTO sqlite_schema VALUES ('table','x','x',0,'')",
        "UPDATE sqlite_master SET sql='x'",
        "DELETE FROM sqlite_schema",
        "DROP TABLE docs_data",
        "DELETE FROM docs_data",
        "INSERT INTO docs_config VALUES ('a', 1)",
        "SELECT fts5(x'00')",
        "SELECT sqlite_compileoption_get(0)",
    };
    for (const auto& sql : refused) {
        const auto answer = run(sql);
        EXPECT_EQ(answer.reason(), "statement_not_allowed") << sql << ": " << answer.message();
    }
    EXPECT_TRUE(run("SELECT * FROM t").ok());
}

TEST_F(SqlSecurityTest, FunctionsThatTouchFilesDoNotExist) {
    for (const char* sql : {"SELECT load_extension('/tmp/x.so')", "SELECT readfile('/etc/passwd')",
                            "SELECT writefile('/tmp/x', 'y')", "SELECT edit('x')",
                            "SELECT fts3_tokenizer('simple')"}) {
        const auto answer = run(sql);
        EXPECT_FALSE(answer.ok()) << sql;
    }
}

TEST_F(SqlSecurityTest, RefusesTransactionControl) {
    for (const char* sql :
         {"BEGIN", "BEGIN IMMEDIATE", "COMMIT", "END", "ROLLBACK", "SAVEPOINT a", "RELEASE a",
          "ROLLBACK TO a", " -- x\n begin ", "EXPLAIN COMMIT", "RELEASE zs_work"}) {
        const auto answer = run(sql);
        EXPECT_EQ(answer.reason(), "transaction_control") << sql << ": " << answer.message();
    }
}

TEST_F(SqlSecurityTest, TheShortListOfPragmasWorks) {
    must("CREATE TABLE t(a INTEGER PRIMARY KEY, b REFERENCES t(a))");
    must("CREATE INDEX i ON t(b)");
    for (const char* sql : {"PRAGMA table_info(t)", "PRAGMA table_xinfo('t')", "PRAGMA table_list",
                            "PRAGMA index_list(t)", "PRAGMA index_info(i)", "PRAGMA index_xinfo(i)",
                            "PRAGMA foreign_key_list(t)", "PRAGMA foreign_key_check",
                            "SELECT name FROM pragma_table_info('t')",
                            "SELECT * FROM json_each('[1,2]')", "SELECT * FROM sqlite_schema"}) {
        const auto answer = run(sql);
        EXPECT_TRUE(answer.ok()) << sql << ": " << answer.message();
    }
}

TEST_F(SqlSecurityTest, AnEndlessQueryIsStoppedByTime) {
    for (const char* sql : {kEndless,
                            "CREATE TABLE bomb AS WITH RECURSIVE n(i) AS (SELECT 1 UNION "
                            "ALL SELECT i FROM n) SELECT i FROM n WHERE i<0"}) {
        auto wanted = request(sql);
        wanted.deadline = async::Deadline::after(50ms);
        const auto begun = std::chrono::steady_clock::now();
        const auto answer = run(std::move(wanted));
        ASSERT_FALSE(answer.ok());
        EXPECT_EQ(answer.summary.error().code, ErrorCode::DeadlineExceeded) << answer.message();
        EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
    }
    EXPECT_EQ(run("SELECT * FROM bomb").reason(), "no_such_table");
}

TEST_F(SqlSecurityTest, AStoppedWriteIsUndone) {
    must("CREATE TABLE t(a)");
    auto wanted = request(
        "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) "
        "SELECT i FROM n");
    wanted.deadline = async::Deadline::after(50ms);
    const auto answer = run(std::move(wanted));
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.summary.error().code, ErrorCode::DeadlineExceeded);
    EXPECT_EQ(run("SELECT count(*) FROM t").integer(), 0);
    must("INSERT INTO t VALUES (1)");
}

TEST_F(SqlSecurityTest, AClientThatGoesAwayStopsItsStatement) {
    std::stop_source client;
    auto wanted = request(kEndless);
    wanted.cancelled = client.get_token();
    std::jthread leaving([&] { client.request_stop(); });
    const auto answer = run(std::move(wanted));
    ASSERT_FALSE(answer.ok());
    EXPECT_NE(answer.message().find("cancelled"), std::string::npos) << answer.message();
}

TEST_F(SqlSecurityTest, EngineStepsAreLimited) {
    options_.statement.steps = 1'000'000;
    restart();
    const auto answer = run(kEndless);
    ASSERT_FALSE(answer.ok());
    EXPECT_NE(answer.message().find("1000000 engine steps"), std::string::npos) << answer.message();
}

TEST_F(SqlSecurityTest, HugeValuesAreRefused) {
    for (const char* sql : {"SELECT zeroblob(1000000000)", "SELECT randomblob(1000000000)",
                            "SELECT hex(zeroblob(30000000))",
                            "SELECT replace(hex(zeroblob(1000000)), '0', hex(zeroblob(1000)))",
                            "SELECT printf('%.*c', 1000000000, 'x')"}) {
        const auto answer = run(sql);
        ASSERT_FALSE(answer.ok()) << sql;
        EXPECT_TRUE(answer.reason() == "value_too_large" || answer.reason() == "out_of_memory")
            << sql << ": " << answer.reason();
    }
}

TEST_F(SqlSecurityTest, OneStatementCannotTakeTheMachinesMemory) {
    options_.statement.memory_bytes = std::size_t{16} << 20;
    restart();
    const auto answer =
        run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000) "
            "SELECT i, randomblob(100000) AS b FROM n ORDER BY b");
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.reason(), "out_of_memory") << answer.message();
    must("CREATE TABLE t(a)");
    const auto write =
        run("INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < "
            "1000) SELECT b FROM (SELECT randomblob(100000) AS b FROM n) ORDER BY b");
    EXPECT_EQ(write.reason(), "out_of_memory") << write.message();
    EXPECT_EQ(run("SELECT count(*) FROM t").integer(), 0);
}

TEST_F(SqlSecurityTest, DeepAndLongTextsAreRefusedNotFatal) {
    std::string nested = "SELECT ";
    for (int i = 0; i < 100'000; ++i)
        nested += '(';
    EXPECT_FALSE(run(nested + "1").ok());
    std::string sum = "SELECT 1";
    for (int i = 0; i < 5000; ++i)
        sum += "+1";
    EXPECT_FALSE(run(sum).ok());
    std::string compound = "SELECT 1";
    for (int i = 0; i < 1000; ++i)
        compound += " UNION ALL SELECT 1";
    EXPECT_FALSE(run(compound).ok());
    std::string many = "SELECT 1 WHERE 1 IN (";
    for (int i = 0; i < 1500; ++i)
        many += "?,";
    EXPECT_FALSE(run(many + "?)").ok());
    const std::string text = "SELECT '" + std::string(1'000'000, 'x') + "'";
    EXPECT_TRUE(run(text).ok());
    EXPECT_EQ(run("SELECT '" + std::string(1'100'000, 'x') + "'").summary.error().code,
              ErrorCode::TooLarge);
    EXPECT_TRUE(run("SELECT 1").ok());
}

TEST_F(SqlSecurityTest, BytesThatAreNoTextDoNoHarm) {
    EXPECT_FALSE(run(std::string("SELECT 1\0; DROP TABLE t", 23)).ok());
    EXPECT_FALSE(run("\xff\xfe\x00").ok());
    EXPECT_FALSE(run("SELECT '\xff").ok());
}

TEST_F(SqlSecurityTest, ADamagedFileIsReportedAsDataLoss) {
    must("CREATE TABLE t(a)");
    const auto path = folder_.file("sql/default/live.db");
    engine_.reset();
    std::filesystem::resize_file(path, 0);
    {
        std::FILE* file = std::fopen(path.c_str(), "wb");
        ASSERT_NE(file, nullptr);
        const std::string rubbish(8192, 'x');
        std::fwrite(rubbish.data(), 1, rubbish.size(), file);
        std::fclose(file);
    }
    restart();
    const auto answer = run("SELECT * FROM t");
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.summary.error().code, ErrorCode::DataLoss) << answer.message();
    EXPECT_EQ(answer.message().find(path), std::string::npos);
}

}  // namespace
}  // namespace zs::sqlite_data
