#pragma once

#include "core/idempotency/idempotency_store.hpp"
#include "support/run_task.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

// What every IdempotencyStore promises. An implementation instantiates it with a function that
// makes an empty store, which lives until the next call.
namespace zs::testing {

using idempotency::Claim;
using idempotency::IdempotencyStore;
using idempotency::KeptReply;
using idempotency::KeyId;
using idempotency::KeyState;

struct IdempotencyStoreFactory {
    const char* name;
    std::function<IdempotencyStore&()> make;
};

class IdempotencyStoreContract : public ::testing::TestWithParam<IdempotencyStoreFactory> {
protected:
    void SetUp() override { store_ = &GetParam().make(); }

    static Timestamp at(int seconds) {
        return Timestamp(Millis(1'760'000'000'000)) + Seconds(seconds);
    }
    static Claim claim_of(const char* owner, const std::string& key, int seconds) {
        Claim claim;
        claim.id = {owner, std::string(owner) + "/" + key};
        claim.request_hash = "hash of " + key;
        claim.now = at(seconds);
        claim.expired_before = at(seconds) - std::chrono::hours(24);
        return claim;
    }
    auto claim(Claim claim) { return run_task(store_->claim(std::move(claim))); }
    auto keep(const Claim& claim, KeptReply reply) {
        return run_task(store_->keep(claim.id, std::move(reply)));
    }
    IdempotencyStore* store_ = nullptr;
};

inline KeptReply sample_reply() {
    KeptReply reply;
    reply.status = 201;
    reply.content_type = "application/json";
    reply.headers = {{"Location", "/v1/x/1"}, {"X-Odd", "a\"b"}};
    reply.body = "{\"id\":\"é 1\"}";
    return reply;
}

TEST_P(IdempotencyStoreContract, AKeyIsTakenOnce) {
    const Claim first = claim_of("ada", "k1", 0);
    auto taken = claim(first);
    ASSERT_TRUE(taken);
    EXPECT_FALSE(taken->has_value());
    auto again = claim(claim_of("ada", "k1", 1));
    ASSERT_TRUE(again);
    ASSERT_TRUE(again->has_value());
    EXPECT_EQ((*again)->state, KeyState::Running);
    EXPECT_EQ((*again)->request_hash, "hash of k1");
    EXPECT_EQ((*again)->started_at, at(0));
    auto other = claim(claim_of("bob", "k1", 1));
    ASSERT_TRUE(other);
    EXPECT_FALSE(other->has_value());
}

TEST_P(IdempotencyStoreContract, AReplyIsKeptWhole) {
    const Claim first = claim_of("ada", "k1", 0);
    ASSERT_TRUE(claim(first));
    ASSERT_TRUE(keep(first, sample_reply()));
    auto again = claim(claim_of("ada", "k1", 5));
    ASSERT_TRUE(again);
    ASSERT_TRUE(again->has_value());
    EXPECT_EQ((*again)->state, KeyState::Done);
    ASSERT_TRUE((*again)->reply);
    EXPECT_EQ(*(*again)->reply, sample_reply());
}

TEST_P(IdempotencyStoreContract, AReleasedKeyCanBeTakenAgain) {
    const Claim first = claim_of("ada", "k1", 0);
    ASSERT_TRUE(claim(first));
    ASSERT_TRUE(run_task(store_->release(first.id)));
    auto again = claim(claim_of("ada", "k1", 1));
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->has_value());
}

TEST_P(IdempotencyStoreContract, OnlyARunningEntryEnds) {
    const Claim first = claim_of("ada", "k1", 0);
    ASSERT_TRUE(claim(first));
    ASSERT_TRUE(keep(first, sample_reply()));
    ASSERT_TRUE(run_task(store_->release(first.id)));
    ASSERT_TRUE(run_task(store_->lose(first.id)));
    KeptReply second = sample_reply();
    second.body = "another";
    ASSERT_TRUE(keep(first, second));
    auto again = claim(claim_of("ada", "k1", 1));
    ASSERT_TRUE(again && again->has_value());
    ASSERT_TRUE((*again)->reply);
    EXPECT_EQ((*again)->reply->body, sample_reply().body);
}

TEST_P(IdempotencyStoreContract, AnExpiredKeyIsFree) {
    const Claim first = claim_of("ada", "k1", 0);
    ASSERT_TRUE(claim(first));
    ASSERT_TRUE(keep(first, sample_reply()));
    const int day = 24 * 3600;
    auto at_the_end = claim(claim_of("ada", "k1", day));
    ASSERT_TRUE(at_the_end);
    EXPECT_TRUE(at_the_end->has_value());
    auto after = claim(claim_of("ada", "k1", day + 1));
    ASSERT_TRUE(after);
    EXPECT_FALSE(after->has_value());
}

TEST_P(IdempotencyStoreContract, WhatRanInADeadProcessIsLost) {
    const Claim old = claim_of("ada", "old", 0);
    const Claim done = claim_of("ada", "done", 0);
    const Claim young = claim_of("ada", "young", 10);
    for (const Claim& one : {old, done, young})
        ASSERT_TRUE(claim(one));
    ASSERT_TRUE(keep(done, sample_reply()));
    auto lost = run_task(store_->lose_running(at(10)));
    ASSERT_TRUE(lost);
    EXPECT_EQ(*lost, 1U);
    EXPECT_EQ((*claim(old))->state, KeyState::Lost);
    EXPECT_EQ((*claim(done))->state, KeyState::Done);
    EXPECT_EQ((*claim(young))->state, KeyState::Running);
}

TEST_P(IdempotencyStoreContract, TheOldestKeysOfAnOwnerGoFirst) {
    constexpr int kKeys = 5;
    const Claim running = claim_of("ada", "running", 0);
    ASSERT_TRUE(claim(running));
    for (int i = 1; i <= kKeys; ++i) {
        Claim next = claim_of("ada", "k" + std::to_string(i), i);
        next.owner_keys_max = 3;
        ASSERT_TRUE(claim(next));
        ASSERT_TRUE(keep(next, sample_reply()));
    }
    EXPECT_TRUE(claim(running)->has_value()) << "a running key is never dropped";
    EXPECT_TRUE(claim(claim_of("ada", "k5", 9))->has_value());
    EXPECT_FALSE(claim(claim_of("ada", "k1", 9))->has_value()) << "the oldest is gone";
}

TEST_P(IdempotencyStoreContract, ForgetRemovesEndedEntriesOnly) {
    const Claim done = claim_of("ada", "done", 0);
    const Claim running = claim_of("ada", "running", 0);
    const Claim young = claim_of("ada", "young", 10);
    for (const Claim& one : {done, running, young})
        ASSERT_TRUE(claim(one));
    ASSERT_TRUE(keep(done, sample_reply()));
    ASSERT_TRUE(keep(young, sample_reply()));
    auto gone = run_task(store_->forget(at(10)));
    ASSERT_TRUE(gone);
    EXPECT_EQ(*gone, 1U);
    EXPECT_FALSE(claim(done)->has_value());
    EXPECT_TRUE(claim(running)->has_value());
    EXPECT_TRUE(claim(young)->has_value());
}

inline std::string name_of(const ::testing::TestParamInfo<IdempotencyStoreFactory>& info) {
    return info.param.name;
}

}  // namespace zs::testing
