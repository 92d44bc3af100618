#include "adapters/http/routes/idempotency.hpp"

#include "core/idempotency/memory_idempotency_store.hpp"
#include "support/call_route.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace zs::http {
namespace {

using testing::body_of;
using testing::FakeRequest;
using testing::header_of;
using testing::run_task;
using testing::some_principal;

class EndlessSource final : public BodySource {
public:
    async::Task<Result<bool>> next(std::string&) override { co_return false; }
};

class IdempotencyTest : public ::testing::Test {
protected:
    // A handler that echoes the body and says how often it ran.
    async::Task<Result<Response>> echo(Request& request) {
        ++runs_;
        auto body = co_await read_all(request);
        if (!body) co_return std::move(body).error();
        if (*body == "throw") throw std::runtime_error("broken");
        if (*body == "conflict") co_return conflict("taken", "permission_exists");
        if (*body == "invalid") co_return invalid_argument("no");
        Response response = json_text_response(*body, 201);
        response.with("Location", "/x/1");
        if (*body == "stream") response.source = std::make_unique<EndlessSource>();
        co_return response;
    }
    Handler wrapped(Idempotency::Replies replies = Idempotency::Replies::Kept) {
        return idempotency_.wrap([this](Request& request) { return echo(request); }, replies);
    }
    Result<Response> send(const Handler& handler, std::string body, std::string key = "k1",
                          std::string query = "") {
        FakeRequest request(Method::Post, "/v1/x");
        request.with_json(std::move(body)).with_principal(some_principal());
        request.with_query(std::move(query));
        if (!key.empty()) request.with_header("idempotency-key", std::move(key));
        return run_task(handler(request));
    }

    int runs_ = 0;
    ManualClock clock_;
    idempotency::MemoryIdempotencyStore store_;
    idempotency::IdempotencyService service_{store_, clock_};
    Idempotency idempotency_{service_};
};

TEST_F(IdempotencyTest, WithoutAKeyEveryRequestRuns) {
    const auto handler = wrapped();
    ASSERT_TRUE(send(handler, "a", ""));
    ASSERT_TRUE(send(handler, "a", ""));
    EXPECT_EQ(runs_, 2);
}

TEST_F(IdempotencyTest, ARepetitionGetsTheWholeFirstReply) {
    const auto handler = wrapped();
    ASSERT_TRUE(send(handler, "a"));
    auto again = send(handler, "a");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->status, 201U);
    EXPECT_EQ(again->body, "a");
    EXPECT_EQ(again->content_type, "application/json");
    EXPECT_EQ(header_of(*again, "Location"), "/x/1");
    EXPECT_EQ(header_of(*again, "Idempotency-Replayed"), "true");
    EXPECT_EQ(runs_, 1);
}

TEST_F(IdempotencyTest, AnotherBodyOrQueryIsAnotherRequest) {
    const auto handler = wrapped();
    ASSERT_TRUE(send(handler, "a"));
    EXPECT_EQ(send(handler, "b").error().reason, "idempotency_key_reused");
    EXPECT_EQ(send(handler, "a", "k1", "x=1").error().reason, "idempotency_key_reused");
    EXPECT_EQ(runs_, 1);
}

TEST_F(IdempotencyTest, AFinalErrorIsRepeatedToo) {
    const auto handler = wrapped();
    auto first = send(handler, "conflict");
    ASSERT_TRUE(first) << "the wrapper answers the error itself, so that it can be kept";
    EXPECT_EQ(first->status, 409U);
    auto again = send(handler, "conflict");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->body, first->body);
    EXPECT_EQ(runs_, 1);
}

TEST_F(IdempotencyTest, AMendableErrorFreesTheKey) {
    const auto handler = wrapped();
    EXPECT_EQ(send(handler, "invalid")->status, 400U);
    EXPECT_EQ(send(handler, "invalid")->status, 400U);
    EXPECT_EQ(runs_, 2);
    EXPECT_EQ(send(handler, "mended")->status, 201U);
}

TEST_F(IdempotencyTest, SecretsAndStreamsAreNotKept) {
    const auto secret = wrapped(Idempotency::Replies::Secret);
    ASSERT_TRUE(send(secret, "a"));
    EXPECT_EQ(send(secret, "a").error().reason, "idempotency_reply_lost");
    const auto handler = wrapped();
    ASSERT_TRUE(send(handler, "stream", "k2"));
    EXPECT_EQ(send(handler, "stream", "k2").error().reason, "idempotency_reply_lost");
    EXPECT_EQ(runs_, 2);
}

TEST_F(IdempotencyTest, AFailedSecretIsNoSecret) {
    const auto secret = wrapped(Idempotency::Replies::Secret);
    EXPECT_EQ(send(secret, "conflict")->status, 409U);
    EXPECT_EQ(send(secret, "conflict")->status, 409U);
    EXPECT_EQ(runs_, 1);
}

TEST_F(IdempotencyTest, AfterAnExceptionTheKeyNeverRunsAgain) {
    const auto handler = wrapped();
    EXPECT_THROW(send(handler, "throw"), std::runtime_error);
    EXPECT_EQ(send(handler, "throw").error().reason, "idempotency_reply_lost");
    EXPECT_EQ(runs_, 1);
}

TEST_F(IdempotencyTest, AMalformedKeyIsRefused) {
    const auto handler = wrapped();
    EXPECT_EQ(send(handler, "a", std::string(256, 'k')).error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(runs_, 0);
}

}  // namespace
}  // namespace zs::http
