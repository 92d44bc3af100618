#pragma once

#include "core/idempotency/idempotency_store.hpp"
#include "core/idempotency/limits.hpp"

namespace zs::idempotency {

enum class StoreUsers {
    ThisProcessAlone,  // so everything that runs at start has lost its process
    ManyProcesses,     // so only what runs for too long has
};

// The rules of repeating. begin() before a request runs, then exactly one of finish() and lose().
// Lifetime: the store and the clock outlive it. Threading: any.
class IdempotencyService {
public:
    IdempotencyService(IdempotencyStore& store, const Clock& clock, Limits limits = {});

    // nullopt: run the request. A reply: give it again.
    // Errors: InvalidArgument for a malformed key; Conflict "idempotency_key_reused",
    // "idempotency_in_progress", "idempotency_reply_lost".
    async::Task<Result<std::optional<KeptReply>>> begin(KeyId id, std::string request_hash);
    // Keeps a final reply (2xx, 404, 409, 410, 422), loses it after one that leaves the outcome
    // open, lets go of the key after any other.
    async::Task<void> finish(KeyId id, KeptReply reply);
    // The request ran, but its reply is not kept: streamed, or holding a secret.
    async::Task<void> lose(KeyId id);

    // 1-255 printable ASCII. Errors: InvalidArgument.
    Result<void> check_key(std::string_view client_key) const;

    // At start, before requests are served: what ran in a process that ended is Lost.
    async::Task<Result<std::uint64_t>> recover(StoreUsers users);
    // From time to time: removes what has expired.
    async::Task<Result<std::uint64_t>> sweep();

private:
    IdempotencyStore& store_;
    const Clock& clock_;
    const Limits limits_;
};

// True for replies that a repetition must not change: 2xx, 404, 409, 410, 422.
bool is_final_status(unsigned status) noexcept;
// True for replies that do not prove that nothing was done: 500, 504. Such a key is never run
// again.
bool outcome_is_unknown(unsigned status) noexcept;

}  // namespace zs::idempotency
