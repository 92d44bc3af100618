#include "adapters/http/routes/transaction_routes.hpp"

#include "async/io_runtime.hpp"
#include "core/idempotency/memory_idempotency_store.hpp"
#include "support/call_route.hpp"
#include "support/fake_sql_engine.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

using testing::call_route;
using testing::FakeRequest;
using testing::FakeSqlEngine;
using testing::json_of;
using testing::run_task;
using testing::some_principal;

class TransactionRoutesTest : public ::testing::Test {
protected:
    void SetUp() override { routes_.register_routes(router_); }
    void TearDown() override { run_task(transactions_.close()); }

    Result<Response> send(Method method, const std::string& path, std::string body = "",
                          identity::PrincipalPtr who = some_principal(), std::string query = "") {
        FakeRequest request(method, "/v1/transactions" + path);
        request.with_principal(std::move(who)).with_query(std::move(query));
        if (!body.empty()) request.with_json(std::move(body));
        return call_route(router_, request);
    }
    std::string begin(std::string body = "") {
        const auto begun = json_of(send(Method::Post, "/begin", std::move(body)));
        return begun.at("transaction_id").as_string().c_str();
    }

    async::IoRuntime io_{1};
    ManualClock clock_;
    FakeSqlEngine engine_;
    data::SqlService sql_{engine_, data::SqlLimits()};
    data::TransactionService transactions_{engine_, sql_, clock_, data::TransactionLimits()};
    idempotency::MemoryIdempotencyStore store_;
    idempotency::IdempotencyService keys_{store_, clock_};
    Idempotency idempotency_{keys_};
    SqlAnswers answers_{io_.executor()};
    TransactionRoutes routes_{transactions_, sql_.limits(), answers_, idempotency_};
    Router router_;
};

TEST_F(TransactionRoutesTest, BeginAnswersWhatItGave) {
    auto begun =
        send(Method::Post, "/begin",
             R"({"isolation_level":"read_committed","timeout_seconds":60,"read_only":true})");
    ASSERT_TRUE(begun);
    EXPECT_EQ(begun->status, 201U);
    const auto body = json_of(begun);
    EXPECT_EQ(body.at("isolation_level"), "serializable");
    EXPECT_EQ(body.at("read_only"), true);
    EXPECT_EQ(body.at("expires_at").as_string(), to_rfc3339(clock_.now() + Seconds(60)));
    EXPECT_EQ(body.as_object().size(), 4U);
    EXPECT_TRUE(engine_.last_options.read_only);
}

TEST_F(TransactionRoutesTest, ItsLifeIsShown) {
    const std::string id = begin();
    ASSERT_TRUE(send(Method::Post, "/" + id + "/execute", R"({"sql":"SELECT 1"})"));
    const auto status = json_of(send(Method::Get, "/" + id + "/status"));
    EXPECT_EQ(status.at("status"), "active");
    EXPECT_EQ(status.at("operations_count"), 1);
    EXPECT_EQ(status.as_object().size(), 8U);
    const auto committed = json_of(send(Method::Post, "/" + id + "/commit"));
    EXPECT_EQ(committed.at("operations_count"), 1);
    EXPECT_EQ(committed.at("committed_at").as_string(), to_rfc3339(clock_.now()));
    EXPECT_EQ(engine_.transaction_log, std::vector<std::string>{"commit"});
    EXPECT_EQ(json_of(send(Method::Get, "/" + id + "/status")).at("status"), "committed");
    const auto again = send(Method::Post, "/" + id + "/commit");
    EXPECT_EQ(again.error().reason, "transaction_not_active");
}

TEST_F(TransactionRoutesTest, RollbackUndoes) {
    const std::string id = begin();
    const auto body = json_of(send(Method::Post, "/" + id + "/rollback"));
    EXPECT_EQ(body.at("transaction_id").as_string(), id);
    EXPECT_EQ(body.as_object().count("rolled_back_at"), 1U);
    EXPECT_EQ(engine_.transaction_log, std::vector<std::string>{"rollback"});
}

TEST_F(TransactionRoutesTest, OthersDoNotSeeIt) {
    const std::string id = begin();
    auto other = std::make_shared<identity::Principal>(*some_principal());
    other->tenant.env_slug = "sandbox";
    const auto hidden = send(Method::Get, "/" + id + "/status", "", other);
    EXPECT_EQ(hidden.error().reason, "transaction_not_found");
    EXPECT_EQ(send(Method::Post, "/" + id + "/rollback", "", other).error().code,
              ErrorCode::NotFound);
}

TEST_F(TransactionRoutesTest, TheListCanBeFiltered) {
    const std::string first = begin();
    clock_.advance(Millis(5));
    const std::string second = begin();
    ASSERT_TRUE(send(Method::Post, "/" + first + "/rollback"));
    const auto all = json_of(send(Method::Get, "")).as_array();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].at("transaction_id").as_string(), second) << "newest first";
    const auto active = json_of(send(Method::Get, "", "", some_principal(), "status=active"));
    ASSERT_EQ(active.as_array().size(), 1U);
    const auto wrong = send(Method::Get, "", "", some_principal(), "status=open");
    EXPECT_EQ(wrong.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(wrong.error().details.at("field"), "status");
}

TEST_F(TransactionRoutesTest, MalformedRequestsNameTheField) {
    EXPECT_EQ(send(Method::Get, "/nonsense/status").error().details.at("field"), "id");
    const auto level = send(Method::Post, "/begin", R"({"isolation_level":"chaos"})");
    EXPECT_EQ(level.error().details.at("field"), "isolation_level");
    const auto flag = send(Method::Post, "/begin", R"({"read_only":"yes"})");
    EXPECT_EQ(flag.error().code, ErrorCode::Unprocessable);
}

}  // namespace
}  // namespace zs::http
