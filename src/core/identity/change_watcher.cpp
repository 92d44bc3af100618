#include "core/identity/change_watcher.hpp"

#include "async/sleep.hpp"
#include "base/log.hpp"
#include "core/identity/limits.hpp"

namespace zs::identity {
namespace {
constexpr Millis kPurgeInterval{3'600'000};
// Ended sessions stay for a while, so that reuse of their tokens can still be told from nonsense.
constexpr Millis kEndedKept{std::chrono::hours(24 * 7)};
}  // namespace

async::Task<> ChangeWatcher::run() {
    Timestamp seen = clock_.now();
    Timestamp flushed = seen;
    Timestamp purged = seen;
    while (true) {
        co_await async::sleep_for(kChangePollInterval);
        const auto looked = co_await poll();
        const Timestamp now = clock_.now();
        if (looked) {
            seen = now;
        } else if (now - seen > kBlindMax) {
            log::warn("changes of identities cannot be watched",
                      {{"error", looked.error().message}});
            cache_.rights_changed();
        }
        if (now - flushed >= kTouchInterval) {
            flushed = now;
            const auto done = co_await flush_last_uses();
            if (!done) log::warn("last uses were not stored", {{"error", done.error().message}});
        }
        if (now - purged >= kPurgeInterval) {
            purged = now;
            const auto done = co_await purge();
            if (!done)
                log::warn("old sessions were not removed", {{"error", done.error().message}});
        }
    }
}

async::Task<Result<void>> ChangeWatcher::poll() {
    auto changes = co_await credentials_.changes_since(known_);
    if (!changes) co_return changes.error();
    const bool rights = changes->epoch.rights != known_.rights;
    known_ = changes->epoch;
    if (rights) cache_.rights_changed();
    if (!changes->ended.empty()) cache_.sessions_ended(changes->ended);
    co_return Result<void>();
}

async::Task<Result<void>> ChangeWatcher::flush_last_uses() {
    std::vector<SessionTouch> sessions;
    std::vector<KeyTouch> keys;
    for (const auto& use : cache_.take_last_uses()) {
        if (use.kind == TokenKind::Access) sessions.push_back({SessionId(use.token_id), use.at});
        if (use.kind == TokenKind::ApiKey) keys.push_back({ApiKeyId(use.token_id), use.at});
    }
    if (!sessions.empty()) {
        auto done = co_await sessions_.touch(std::move(sessions));
        if (!done) co_return done;
    }
    if (!keys.empty()) {
        auto done = co_await api_keys_.touch(std::move(keys));
        if (!done) co_return done;
    }
    co_return Result<void>();
}

async::Task<Result<void>> ChangeWatcher::purge() {
    auto removed = co_await sessions_.purge(clock_.now() - kEndedKept);
    if (!removed) co_return removed.error();
    co_return Result<void>();
}

}  // namespace zs::identity
