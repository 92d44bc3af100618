#pragma once

#include "async/task.hpp"
#include "base/error.hpp"
#include "core/idempotency/idempotency.hpp"

#include <cstdint>

namespace zs::idempotency {

struct Claim {
    KeyId id;
    std::string request_hash;
    Timestamp now;
    Timestamp expired_before;            // entries that started earlier count as absent
    std::size_t owner_keys_max = 10000;  // beyond it the owner's oldest ended entries go
};

// Where keys live between a request and its repetition.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss.
// Errors:     any method may answer Unavailable.
class IdempotencyStore {
public:
    virtual ~IdempotencyStore() = default;
    // Takes the key for a request that is about to run: nullopt. When it is taken already: its
    // entry, unchanged. Of two claims at once exactly one succeeds.
    virtual async::Task<Result<std::optional<KeyEntry>>> claim(Claim claim) = 0;
    // The three ends of a running entry. They change nothing when it no longer runs.
    virtual async::Task<Result<void>> keep(KeyId id, KeptReply reply) = 0;
    virtual async::Task<Result<void>> lose(KeyId id) = 0;
    virtual async::Task<Result<void>> release(KeyId id) = 0;
    // Entries that have been running since before `started_before` become Lost. Answers how many.
    virtual async::Task<Result<std::uint64_t>> lose_running(Timestamp started_before) = 0;
    // Removes ended entries that started before. Answers how many.
    virtual async::Task<Result<std::uint64_t>> forget(Timestamp started_before) = 0;
};

}  // namespace zs::idempotency
