#include "core/idempotency/idempotency_service.hpp"

#include "core/idempotency/memory_idempotency_store.hpp"
#include "support/run_task.hpp"

#include <gtest/gtest.h>

namespace zs::idempotency {
namespace {

using testing::run_task;

class IdempotencyServiceTest : public ::testing::Test {
protected:
    static identity::Principal ada() {
        identity::Principal principal;
        principal.user_id = identity::UserId(*Uuid::parse("0198c0de-0000-7000-8000-000000000001"));
        principal.tenant = {"default", "live"};
        return principal;
    }
    static KeyId id(std::string_view key = "k", std::string_view path = "/v1/sql") {
        return make_key_id(ada(), "POST", path, key);
    }
    static KeptReply reply(unsigned status, std::string body = "{}") {
        KeptReply out;
        out.status = status;
        out.content_type = "application/json";
        out.body = std::move(body);
        return out;
    }
    auto begin(const KeyId& id, std::string hash = "h") {
        return run_task(service_.begin(id, std::move(hash)));
    }
    void finish(const KeyId& id, KeptReply reply) {
        run_task(service_.finish(id, std::move(reply)));
    }

    ManualClock clock_;
    MemoryIdempotencyStore store_;
    IdempotencyService service_{store_, clock_};
};

TEST_F(IdempotencyServiceTest, TheFirstReplyIsRepeated) {
    auto first = begin(id());
    ASSERT_TRUE(first);
    EXPECT_FALSE(first->has_value());
    finish(id(), reply(200, "{\"n\":1}"));
    auto second = begin(id());
    ASSERT_TRUE(second && second->has_value());
    EXPECT_EQ((*second)->body, "{\"n\":1}");
}

TEST_F(IdempotencyServiceTest, AnotherRequestUnderTheKeyIsRefusedInEveryState) {
    ASSERT_TRUE(begin(id()));
    auto running = begin(id(), "other");
    ASSERT_FALSE(running);
    EXPECT_EQ(running.error().reason, "idempotency_key_reused");
    finish(id(), reply(201));
    auto done = begin(id(), "other");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().reason, "idempotency_key_reused");
}

TEST_F(IdempotencyServiceTest, ARunningKeyIsAConflict) {
    ASSERT_TRUE(begin(id()));
    auto second = begin(id());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().reason, "idempotency_in_progress");
    EXPECT_EQ(second.error().code, ErrorCode::Conflict);
}

TEST_F(IdempotencyServiceTest, OnlyFinalStatusesAreKept) {
    for (const unsigned status : {200U, 201U, 204U, 404U, 409U, 410U, 422U}) {
        const KeyId key = id("kept" + std::to_string(status));
        ASSERT_TRUE(begin(key));
        finish(key, reply(status));
        auto again = begin(key);
        ASSERT_TRUE(again) << status;
        EXPECT_TRUE(again->has_value()) << status;
    }
    for (const unsigned status : {400U, 401U, 403U, 413U, 415U, 429U, 503U}) {
        const KeyId key = id("free" + std::to_string(status));
        ASSERT_TRUE(begin(key));
        finish(key, reply(status));
        auto again = begin(key);
        ASSERT_TRUE(again) << status;
        EXPECT_FALSE(again->has_value()) << status;
    }
}

TEST_F(IdempotencyServiceTest, AnOpenOutcomeIsNeverRunAgain) {
    for (const unsigned status : {500U, 504U}) {
        const KeyId key = id("open" + std::to_string(status));
        ASSERT_TRUE(begin(key));
        finish(key, reply(status));
        auto again = begin(key);
        ASSERT_FALSE(again) << status;
        EXPECT_EQ(again.error().reason, "idempotency_reply_lost");
    }
}

TEST_F(IdempotencyServiceTest, ALargeReplyIsLostButNeverRunAgain) {
    ASSERT_TRUE(begin(id()));
    finish(id(), reply(200, std::string((1U << 20) + 1, 'x')));
    auto again = begin(id());
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().reason, "idempotency_reply_lost");
}

TEST_F(IdempotencyServiceTest, AReplyAtTheLimitIsKept) {
    ASSERT_TRUE(begin(id()));
    finish(id(), reply(200, std::string(1U << 20, 'x')));
    auto again = begin(id());
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->has_value());
}

TEST_F(IdempotencyServiceTest, AKeyExpiresAfterADay) {
    ASSERT_TRUE(begin(id()));
    finish(id(), reply(200));
    clock_.advance(std::chrono::hours(24));
    EXPECT_TRUE(begin(id())->has_value());
    clock_.advance(Millis(1));
    EXPECT_FALSE(begin(id())->has_value());
}

TEST_F(IdempotencyServiceTest, AfterACrashTheKeyIsLostAndNotFree) {
    ASSERT_TRUE(begin(id()));
    auto lost = run_task(service_.recover(StoreUsers::ThisProcessAlone));
    ASSERT_TRUE(lost);
    EXPECT_EQ(*lost, 1U);
    auto again = begin(id());
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().reason, "idempotency_reply_lost");
}

TEST_F(IdempotencyServiceTest, AmongManyProcessesOnlyWhatRunsTooLongIsLost) {
    ASSERT_TRUE(begin(id()));
    clock_.advance(std::chrono::minutes(10));
    EXPECT_EQ(*run_task(service_.recover(StoreUsers::ManyProcesses)), 0U);
    clock_.advance(Millis(1));
    EXPECT_EQ(begin(id()).error().reason, "idempotency_reply_lost") << "without a restart, too";
    EXPECT_EQ(*run_task(service_.recover(StoreUsers::ManyProcesses)), 1U);
}

TEST_F(IdempotencyServiceTest, KeysOfDifferentScopesDiffer) {
    identity::Principal sandbox = ada();
    sandbox.tenant.env_slug = "sandbox";
    identity::Principal by_key = ada();
    by_key.token_kind = identity::TokenKind::ApiKey;
    by_key.token_id = *Uuid::parse("0198c0de-0000-7000-8000-000000000002");
    const KeyId base = id();
    EXPECT_NE(make_key_id(sandbox, "POST", "/v1/sql", "k").owner, base.owner);
    EXPECT_NE(make_key_id(by_key, "POST", "/v1/sql", "k").owner, base.owner);
    EXPECT_NE(make_key_id(ada(), "PUT", "/v1/sql", "k").key, base.key);
    EXPECT_NE(make_key_id(ada(), "POST", "/v1/sqlk", "").key, base.key);
    EXPECT_EQ(make_key_id(ada(), "POST", "/v1/sql", "k"), base);
}

TEST_F(IdempotencyServiceTest, AKeyIsPrintableAndShort) {
    EXPECT_TRUE(service_.check_key("a"));
    EXPECT_TRUE(service_.check_key(std::string(255, '~')));
    EXPECT_FALSE(service_.check_key(""));
    EXPECT_FALSE(service_.check_key(std::string(256, 'a')));
    EXPECT_FALSE(service_.check_key("a\tb"));
    EXPECT_FALSE(service_.check_key("é"));
}

TEST_F(IdempotencyServiceTest, TheRequestHashSeparatesQueryAndBody) {
    EXPECT_NE(request_hash("a", "b"), request_hash("", "ab"));
    EXPECT_EQ(request_hash("a", "b"), request_hash("a", "b"));
}

}  // namespace
}  // namespace zs::idempotency
