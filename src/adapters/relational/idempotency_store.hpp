#pragma once

#include "adapters/relational/database.hpp"
#include "core/idempotency/idempotency_store.hpp"

namespace zs::relational {

// Keeps Idempotency-Keys in the control plane's database (migration 002).
// Lifetime: the database outlives it. Errors: as Database.
class SqlIdempotencyStore final : public idempotency::IdempotencyStore {
public:
    explicit SqlIdempotencyStore(Database& database) : database_(database) {}

    async::Task<Result<std::optional<idempotency::KeyEntry>>> claim(
        idempotency::Claim claim) override;
    async::Task<Result<void>> keep(idempotency::KeyId id, idempotency::KeptReply reply) override;
    async::Task<Result<void>> lose(idempotency::KeyId id) override;
    async::Task<Result<void>> release(idempotency::KeyId id) override;
    async::Task<Result<std::uint64_t>> lose_running(Timestamp started_before) override;
    async::Task<Result<std::uint64_t>> forget(Timestamp started_before) override;

private:
    Database& database_;
};

}  // namespace zs::relational
