#include "core/data/sql_service.hpp"

#include "base/metrics.hpp"
#include "core/data/statement_kind.hpp"
#include "support/fake_sql_engine.hpp"
#include "support/run_task.hpp"

#include <gtest/gtest.h>

namespace zs::data {
namespace {

using namespace std::chrono_literals;

class SqlServiceTest : public ::testing::Test {
protected:
    SqlServiceTest() {
        auto made = std::make_shared<identity::Principal>();
        made->tenant.org_id = "acme";
        made->tenant.env_slug = "live";
        made->rights = std::make_shared<identity::Rights>(identity::Rights::everything());
        principal_ = made;
    }
    Result<SqlSummary> execute(SqlCall call) {
        return testing::run_task(service_.execute(std::move(call), principal_, nullptr));
    }
    static SqlCall call(std::string sql) {
        SqlCall made;
        made.sql = std::move(sql);
        return made;
    }
    testing::FakeSqlEngine engine_;
    SqlService service_{engine_, SqlLimits()};
    identity::PrincipalPtr principal_;
};

TEST_F(SqlServiceTest, FillsInTheDefaults) {
    ASSERT_TRUE(execute(call("SELECT 1")).has_value());
    EXPECT_EQ(engine_.last.rows_max, 10'000U);
    EXPECT_LE(engine_.last.deadline.remaining(), 30s);
    EXPECT_GT(engine_.last.deadline.remaining(), 20s);
    EXPECT_EQ(engine_.last.tenant.org_id, "acme");
    EXPECT_EQ(engine_.last.rights, principal_->rights);
    auto stream = call("SELECT 1");
    stream.all_rows = true;
    ASSERT_TRUE(execute(stream).has_value());
    EXPECT_FALSE(engine_.last.rows_max.has_value());
}

TEST_F(SqlServiceTest, RefusesWhatIsOutOfRange) {
    EXPECT_EQ(execute(call(" -- nothing\n ;")).error().message, "Empty SQL statement");
    EXPECT_EQ(execute(call("")).error().code, ErrorCode::InvalidArgument);
    const auto longest = "SELECT '" + std::string(1'048'576 - 9, 'x') + "'";
    EXPECT_TRUE(execute(call(longest)).has_value());
    EXPECT_EQ(execute(call(longest + " ")).error().reason, "sql_too_long");
    EXPECT_EQ(execute(call(longest + " ")).error().code, ErrorCode::TooLarge);
    auto params = call("SELECT ?");
    params.positional.resize(1000);
    EXPECT_TRUE(execute(params).has_value());
    params.named.emplace_back("a", std::int64_t{1});
    EXPECT_EQ(execute(params).error().details.at("field").as_string(), "params");
    auto timed = call("SELECT 1");
    timed.timeout = 300'000ms;
    EXPECT_TRUE(execute(timed).has_value());
    timed.timeout = 300'001ms;
    EXPECT_EQ(execute(timed).error().details.at("field").as_string(), "timeout_ms");
    timed.timeout = 0ms;
    EXPECT_FALSE(execute(timed).has_value());
    auto rows = call("SELECT 1");
    rows.rows_max = 100'000;
    EXPECT_TRUE(execute(rows).has_value());
    rows.rows_max = 100'001;
    EXPECT_EQ(execute(rows).error().details.at("field").as_string(), "max_rows");
}

TEST_F(SqlServiceTest, CountsByKindAndResult) {
    const metrics::Labels ok = {{"kind", "insert"}, {"result", "ok"}};
    const auto before = metrics::value("sql_statements_total", ok);
    ASSERT_TRUE(execute(call("insert into t values (1)")).has_value());
    EXPECT_EQ(metrics::value("sql_statements_total", ok), before + 1);
}

TEST_F(SqlServiceTest, ASampleQuotesTheName) {
    TableInfo table;
    table.name = "odd \" name";
    engine_.all_tables.push_back(table);
    ASSERT_TRUE(testing::run_task(service_.sample(principal_, table.name, 5, nullptr)).has_value());
    EXPECT_EQ(engine_.last.sql, "SELECT * FROM \"odd \"\" name\" LIMIT 5");
    const auto missing = testing::run_task(service_.sample(principal_, "gone", 5, nullptr));
    EXPECT_EQ(missing.error().reason, "no_such_table");
}

TEST(StatementKind, GoesByTheFirstWord) {
    EXPECT_EQ(statement_kind("SELECT 1"), "select");
    EXPECT_EQ(statement_kind(" ;/* x */ -- y\n Replace into t"), "insert");
    EXPECT_EQ(statement_kind("create table t(a)"), "ddl");
    EXPECT_EQ(statement_kind("selects"), "other");
    EXPECT_EQ(statement_kind(""), "other");
    EXPECT_EQ(statement_kind("/*"), "other");
    EXPECT_FALSE(is_blank_sql("/*"));  // as the engine sees it: a slash and a star
    EXPECT_TRUE(is_blank_sql("/* open"));
}

}  // namespace
}  // namespace zs::data
