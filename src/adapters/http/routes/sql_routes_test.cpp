#include "adapters/http/routes/sql_routes.hpp"

#include "async/io_runtime.hpp"
#include "core/idempotency/memory_idempotency_store.hpp"
#include "support/call_route.hpp"
#include "support/fake_sql_engine.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

using testing::body_of;
using testing::call_route;
using testing::column;
using testing::FakeRequest;
using testing::FakeSqlEngine;
using testing::header_of;
using testing::integer_value;
using testing::json_of;
using testing::some_principal;

class SqlRoutesTest : public ::testing::Test {
protected:
    void SetUp() override {
        io_.start();
        routes_.register_routes(router_);
    }

    static Result<data::SqlSummary> one_row(const data::SqlRequest& request, data::RowSink* sink) {
        if (request.sql == "fail") {
            return invalid_argument("no such table: users", "no_such_table").with("line", 1);
        }
        const std::vector<data::ResultColumn> columns{
            column("n", "INTEGER", data::ColumnKind::Integer)};
        const std::vector<data::SqlValueView> row{integer_value(42)};
        auto begun = sink->columns(columns);
        if (!begun) return begun.error();
        auto taken = sink->row(row);
        if (!taken) return taken.error();
        data::SqlSummary summary;
        summary.row_count = 1;
        return summary;
    }

    FakeRequest post(std::string body) {
        FakeRequest request(Method::Post, "/v1/sql");
        request.with_json(std::move(body)).with_principal(some_principal());
        return request;
    }
    Result<Response> run(FakeRequest& request) {
        ++calls_;
        return call_route(router_, request);
    }

    int executed_ = 0;
    int calls_ = 0;
    async::IoRuntime io_{1};
    ManualClock clock_;
    FakeSqlEngine engine_{[this](const data::SqlRequest& request, data::RowSink* sink) {
        ++executed_;
        return one_row(request, sink);
    }};
    data::SqlService sql_{engine_, data::SqlLimits()};
    idempotency::MemoryIdempotencyStore store_;
    idempotency::IdempotencyService keys_{store_, clock_};
    Idempotency idempotency_{keys_};
    SqlAnswers answers_{io_.executor()};
    SqlRoutes routes_{sql_, answers_, idempotency_};
    Router router_;
};

TEST_F(SqlRoutesTest, AnswersAResult) {
    auto request = post(R"({"sql":"SELECT 42 AS n","params":[1,"x"],"timeout_ms":5000})");
    auto answer = run(request);
    const auto body = json_of(answer);
    EXPECT_EQ(answer->status, 200U);
    EXPECT_EQ(answer->content_type, "application/json");
    EXPECT_EQ(body.at("rows").at(0).at("n"), 42);
    EXPECT_EQ(body.at("row_count"), 1);
    EXPECT_TRUE(body.at("affected_rows").is_null());
    EXPECT_EQ(engine_.last.sql, "SELECT 42 AS n");
    EXPECT_EQ(engine_.last.positional.size(), 2U);
    EXPECT_EQ(engine_.last.rows_max, 10'000U);
    EXPECT_EQ(engine_.last.tenant, (identity::Tenant{"default", "live"}));
    EXPECT_FALSE(engine_.last.deadline.is_never());
}

TEST_F(SqlRoutesTest, AStreamHasNoRowLimit) {
    auto request = post(R"({"sql":"SELECT 1"})");
    request.with_header("accept", "text/csv");
    auto answer = run(request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(*body_of(*answer), "n\r\n42\r\n");
    EXPECT_FALSE(engine_.last.rows_max);
}

TEST_F(SqlRoutesTest, RowLimitsAreChecked) {
    auto fine = post(R"({"sql":"SELECT 1","max_rows":100000})");
    ASSERT_TRUE(run(fine));
    EXPECT_EQ(engine_.last.rows_max, 100'000U);
    auto many = post(R"({"sql":"SELECT 1","max_rows":100001})");
    const auto refused = run(many);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().details.at("field"), "max_rows");
}

TEST_F(SqlRoutesTest, EmptyTextIsAnError) {
    auto request = post(R"({"sql":" ; "})");
    const auto refused = run(request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "Empty SQL statement");
}

TEST_F(SqlRoutesTest, AHungUpClientCancelsTheStatement) {
    auto request = post(R"({"sql":"SELECT 1"})");
    ASSERT_TRUE(run(request));
    EXPECT_FALSE(engine_.last.cancelled.stop_requested());
    request.hang_up();
    EXPECT_TRUE(engine_.last.cancelled.stop_requested());
}

TEST_F(SqlRoutesTest, ARepetitionDoesNotRunAgain) {
    for (int i = 0; i < 3; ++i) {
        auto request = post(R"({"sql":"INSERT"})");
        request.with_header("Idempotency-Key", "k1");
        auto answer = run(request);
        ASSERT_TRUE(answer);
        EXPECT_EQ(header_of(*answer, "Idempotency-Replayed"), i == 0 ? "" : "true");
        EXPECT_EQ(json_of(answer).at("row_count"), 1);
    }
    EXPECT_EQ(executed_, 1);
}

TEST_F(SqlRoutesTest, AStreamedReplyIsNotKeptButNotRepeatedEither) {
    auto request = post(R"({"sql":"SELECT 1"})");
    request.with_header("Idempotency-Key", "k1").with_header("accept", "text/csv");
    ASSERT_TRUE(run(request));
    // Small enough for one body, so it is kept.
    auto again = post(R"({"sql":"SELECT 1"})");
    again.with_header("Idempotency-Key", "k1");
    auto answer = run(again);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->content_type, "text/csv; charset=utf-8; header=present");
    EXPECT_EQ(executed_, 1);
}

TEST_F(SqlRoutesTest, ABadBodyIsNotAnExecution) {
    auto broken = post(R"({"sql":)");
    EXPECT_EQ(run(broken).error().reason, "invalid_json");
    FakeRequest typeless(Method::Post, "/v1/sql");
    typeless.with_body({"{}"}).with_principal(some_principal());
    EXPECT_EQ(run(typeless).error().reason, "unsupported_media_type");
    EXPECT_EQ(executed_, 0);
}

}  // namespace
}  // namespace zs::http
