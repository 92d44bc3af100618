#pragma once

#include "core/identity/principal.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zs::identity {

// Whether a session still lives. Shared by everything that was resolved from it.
struct SessionLife {
    std::atomic<bool> ended{false};
};

// One credential whose checks have been passed, and until when they need not be repeated.
struct CachedCredential {
    PrincipalPtr principal;
    Timestamp valid_until;                    // exclusive
    std::uint64_t generation = 0;             // of the rights it was resolved from
    std::shared_ptr<const SessionLife> life;  // null for API keys and dev tokens
    std::vector<std::string> ip_allow;        // empty: any address
};

struct LastUse {
    Uuid token_id;
    TokenKind kind = TokenKind::Access;
    Timestamp at;
};

// Credentials that were good a moment ago, and the two ways in which they stop being good: rights
// changed (every entry is resolved again) or a session ended (its entries die at once).
//
// No answer is ever older than a change of this process: a resolver takes generation() and
// session_life() before it reads the store, so a change that commits in between marks what it made.
//
// Threading: any. A hit takes one short lock of one of 64 shards.
class AccessCache {
public:
    using SessionEnded = std::function<void(SessionId)>;
    using RightsChanged = std::function<void()>;

    explicit AccessCache(const Clock& clock);
    ~AccessCache();

    // Null when it is unknown, stale, not watched, expired, ended, or not allowed from `client_ip`.
    PrincipalPtr find(std::string_view credential, std::string_view client_ip);
    void put(std::string_view credential, CachedCredential entry);

    std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
    std::shared_ptr<SessionLife> session_life(SessionId id);

    // A look at the store, begun at `at`, has carried everything changed before it into the cache.
    // Once there was a look, nothing is answered when the last one is older than kBlindMax: then
    // nobody knows what other processes changed.
    void looked(Timestamp at) { looked_at_.store(at, std::memory_order_release); }
    bool is_blind() const { return is_blind(clock_.now()); }

    // Call after the change is committed and before it is answered.
    void rights_changed();
    void sessions_ended(std::span<const SessionId> ids);

    // Called on whatever thread saw the change, at least once per ended session: callbacks are
    // quick and idempotent. Register before the first request.
    void on_session_ended(SessionEnded callback) { session_ended_.push_back(std::move(callback)); }
    void on_rights_changed(RightsChanged callback) {
        rights_changed_.push_back(std::move(callback));
    }

    // The latest use of each credential since the last call.
    std::vector<LastUse> take_last_uses();

private:
    struct Shard;
    struct Lives;
    static constexpr Timestamp kNeverLooked{};
    Shard& shard_of(std::size_t hash);
    bool is_blind(Timestamp now) const;

    const Clock& clock_;
    std::atomic<std::uint64_t> generation_{1};
    std::atomic<Timestamp> looked_at_{kNeverLooked};
    std::unique_ptr<Shard[]> shards_;
    std::unique_ptr<Lives> lives_;
    std::vector<SessionEnded> session_ended_;
    std::vector<RightsChanged> rights_changed_;
};

}  // namespace zs::identity
