#include "adapters/crypto/sodium_password_hasher.hpp"

#include "support/run_task.hpp"
#include "support/run_together.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

namespace zs::crypto {
namespace {

using identity::PasswordVerdict;

// Cheap enough for tests; the rules do not depend on the cost.
constexpr Argon2Cost kCheap{64, 1};

TEST(SodiumPasswordHasher, TheDefaultIsTheContract) {
    SodiumPasswordHasher hasher({1, 4});
    const auto hash = testing::run_task(hasher.hash(Secret("correct horse 9")));
    ASSERT_TRUE(hash);
    EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
    EXPECT_TRUE(hasher.dummy_hash().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
}

TEST(SodiumPasswordHasher, TellsRightFromWrong) {
    SodiumPasswordHasher hasher({1, 4}, kCheap);
    const auto hash = testing::run_task(hasher.hash(Secret("correct horse 9"))).value();
    const auto verify = [&](const std::string& stored, const std::string& password) {
        return testing::run_task(hasher.verify(stored, Secret(password))).value();
    };
    EXPECT_EQ(verify(hash, "correct horse 9"), PasswordVerdict::Match);
    EXPECT_EQ(verify(hash, "correct horse 8"), PasswordVerdict::Mismatch);
    EXPECT_EQ(verify(hash, ""), PasswordVerdict::Mismatch);
    EXPECT_EQ(verify("not a hash", "correct horse 9"), PasswordVerdict::Mismatch);
    EXPECT_EQ(verify(hasher.dummy_hash(), "correct horse 9"), PasswordVerdict::Mismatch);
    EXPECT_NE(testing::run_task(hasher.hash(Secret("correct horse 9"))).value(), hash) << "salt";
}

TEST(SodiumPasswordHasher, TheDummyCostsWhatAHashCosts) {
    SodiumPasswordHasher hasher({1, 4}, kCheap);
    const auto dummy = hasher.dummy_hash();
    EXPECT_EQ(
        crypto_pwhash_str_needs_rehash(dummy.c_str(), kCheap.passes, kCheap.memory_kib * 1024), 0)
        << "well-formed, and of the same cost: " << dummy;
    EXPECT_EQ(dummy.size(), testing::run_task(hasher.hash(Secret("correct horse 9")))->size());
    EXPECT_NE(dummy, SodiumPasswordHasher({1, 4}, kCheap).dummy_hash());
}

TEST(SodiumPasswordHasher, OldParametersAreNoticed) {
    SodiumPasswordHasher old_one({1, 4}, kCheap);
    SodiumPasswordHasher new_one({1, 4}, {128, 1});
    const auto hash = testing::run_task(old_one.hash(Secret("correct horse 9"))).value();
    EXPECT_EQ(testing::run_task(new_one.verify(hash, Secret("correct horse 9"))).value(),
              PasswordVerdict::MatchNeedsRehash);
}

TEST(SodiumPasswordHasher, AStormIsRefusedAtOnceAndOtherWorkGoesOn) {
    SodiumPasswordHasher hasher({1, 4}, {19'456, 2});
    async::BlockingPool other("other", {.threads = 1, .queue_max = 64});
    std::vector<async::Task<Result<std::string>>> storm;
    for (int i = 0; i < 64; ++i)
        storm.push_back(hasher.hash(Secret("correct horse 9")));
    auto ping = []() -> Result<std::string> { return std::string("pong"); };
    storm.push_back(other.run(ping));
    std::size_t hashed = 0;
    std::size_t refused = 0;
    const auto results = testing::run_together(std::move(storm));
    EXPECT_EQ(results.back().value(), "pong");
    for (std::size_t i = 0; i + 1 < results.size(); ++i) {
        if (results[i]) {
            ++hashed;
        } else {
            EXPECT_EQ(results[i].error().code, ErrorCode::Unavailable);
            EXPECT_EQ(results[i].error().reason, "overloaded");
            ++refused;
        }
    }
    EXPECT_GE(hashed, 4U);
    EXPECT_LE(hashed, 16U) << "one runs, four wait; a few more as they finish";
    EXPECT_EQ(hashed + refused, 64U);
}

}  // namespace
}  // namespace zs::crypto
