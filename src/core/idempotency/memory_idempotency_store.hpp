#pragma once

#include "core/idempotency/idempotency_store.hpp"

#include <map>
#include <mutex>
#include <utility>

namespace zs::idempotency {

// Keeps keys in memory, for tests. Durability: none.
class MemoryIdempotencyStore final : public IdempotencyStore {
public:
    async::Task<Result<std::optional<KeyEntry>>> claim(Claim claim) override;
    async::Task<Result<void>> keep(KeyId id, KeptReply reply) override;
    async::Task<Result<void>> lose(KeyId id) override;
    async::Task<Result<void>> release(KeyId id) override;
    async::Task<Result<std::uint64_t>> lose_running(Timestamp started_before) override;
    async::Task<Result<std::uint64_t>> forget(Timestamp started_before) override;

private:
    struct Kept {
        KeyEntry entry;
        std::uint64_t order = 0;
    };
    void drop_oldest(const std::string& owner, std::size_t keys_max);

    std::mutex mutex_;
    std::map<KeyId, Kept> entries_;
    std::uint64_t order_ = 0;
};

}  // namespace zs::idempotency
