#include "core/identity/access_cache.hpp"

#include "core/identity/limits.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace zs::identity {
namespace {

class Cache : public ::testing::Test {
protected:
    CachedCredential entry(SessionId session, Seconds ttl = Seconds(900)) {
        auto principal = std::make_shared<Principal>();
        principal->token_id = session.uuid();
        CachedCredential out;
        out.principal = std::move(principal);
        out.valid_until = clock_.now() + ttl;
        out.generation = cache_.generation();
        out.life = cache_.session_life(session);
        return out;
    }
    void end(SessionId session) { cache_.sessions_ended(std::span(&session, 1)); }

    ManualClock clock_;
    AccessCache cache_{clock_};
    SessionId session_ = SessionId::next(clock_);
};

TEST_F(Cache, AnswersUntilItExpires) {
    EXPECT_EQ(cache_.find("t", ""), nullptr);
    cache_.put("t", entry(session_));
    EXPECT_NE(cache_.find("t", ""), nullptr);
    EXPECT_EQ(cache_.find("T", ""), nullptr);
    clock_.advance(Seconds(899));
    EXPECT_NE(cache_.find("t", ""), nullptr);
    clock_.advance(Seconds(1));
    EXPECT_EQ(cache_.find("t", ""), nullptr);
}

TEST_F(Cache, ChangedRightsMakeEverythingStale) {
    cache_.put("t", entry(session_));
    cache_.rights_changed();
    EXPECT_EQ(cache_.find("t", ""), nullptr);
}

TEST_F(Cache, AnEndedSessionTakesItsTokensAlone) {
    const auto other = SessionId::next(clock_);
    cache_.put("one", entry(session_));
    cache_.put("two", entry(session_));
    cache_.put("three", entry(other));
    end(session_);
    EXPECT_EQ(cache_.find("one", ""), nullptr);
    EXPECT_EQ(cache_.find("two", ""), nullptr);
    EXPECT_NE(cache_.find("three", ""), nullptr);
}

// A resolver reads the store, the change commits, and only then the result is put.
TEST_F(Cache, WhatWasReadBeforeAChangeIsNeverServedAfterIt) {
    auto read_before = entry(session_);
    cache_.rights_changed();
    cache_.put("t", read_before);
    EXPECT_EQ(cache_.find("t", ""), nullptr);

    read_before = entry(session_);
    end(session_);
    cache_.put("t", read_before);
    EXPECT_EQ(cache_.find("t", ""), nullptr);
}

TEST_F(Cache, CallsBackForEndedSessions) {
    std::vector<SessionId> ended;
    int changed = 0;
    cache_.on_session_ended([&](SessionId id) { ended.push_back(id); });
    cache_.on_rights_changed([&] { ++changed; });
    end(session_);
    cache_.rights_changed();
    EXPECT_EQ(ended, std::vector<SessionId>{session_});
    EXPECT_EQ(changed, 1);
}

TEST_F(Cache, AnswersNothingWhileNobodyWatches) {
    cache_.put("t", entry(session_));
    cache_.looked(clock_.now());
    clock_.advance(kBlindMax);
    EXPECT_NE(cache_.find("t", ""), nullptr);
    clock_.advance(Millis(1));
    EXPECT_TRUE(cache_.is_blind());
    EXPECT_EQ(cache_.find("t", ""), nullptr);
    cache_.looked(clock_.now());
    EXPECT_NE(cache_.find("t", ""), nullptr) << "what was changed meanwhile is known again";
}

TEST_F(Cache, ReportsLastUsesOnce) {
    cache_.put("t", entry(session_));
    clock_.advance(Seconds(5));
    cache_.find("t", "");
    const auto uses = cache_.take_last_uses();
    ASSERT_EQ(uses.size(), 1U);
    EXPECT_EQ(uses[0].at, clock_.now());
    EXPECT_TRUE(cache_.take_last_uses().empty());
}

TEST_F(Cache, IsBounded) {
    const auto sample = entry(session_);
    for (std::size_t i = 0; i < kCachedCredentialsMax + 5000; ++i) {
        cache_.put("token " + std::to_string(i), sample);
    }
    EXPECT_LE(cache_.take_last_uses().size(), kCachedCredentialsMax);
    EXPECT_NE(cache_.find("token " + std::to_string(kCachedCredentialsMax + 4999), ""), nullptr);
}

TEST_F(Cache, ManyThreadsNeverSeeAnEndedSession) {
    cache_.put("t", entry(session_));
    std::atomic<bool> ended{false};
    std::atomic<int> wrong{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back([&] {
            for (int n = 0; n < 20'000; ++n) {
                const bool was_ended = ended.load();
                if (cache_.find("t", "") != nullptr && was_ended) ++wrong;
            }
        });
    }
    end(session_);
    ended = true;
    for (auto& reader : readers)
        reader.join();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace zs::identity
