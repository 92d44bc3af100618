#include "core/identity/change_watcher.hpp"

#include "async/sleep.hpp"
#include "base/log.hpp"
#include "core/identity/limits.hpp"

namespace zs::identity {
namespace {
constexpr Millis kPurgeInterval{3'600'000};
// Ended sessions stay for a while, so that reuse of their tokens can still be told from nonsense.
constexpr Millis kEndedKept{std::chrono::hours(24 * 7)};
// Few enough that the next look at the store does not wait for them.
constexpr std::size_t kUsesPerRound = 500;
}  // namespace

async::Task<> ChangeWatcher::run() {
    flushed_ = clock_.now();
    purged_ = flushed_;
    while (true) {
        // Outside of the try: a cancelled wait ends the watcher, and nothing else does.
        co_await async::sleep_for(kChangePollInterval);
        try {
            co_await round();
        } catch (const std::exception& failure) {
            log::warn("a look at changes of identities failed", {{"error", failure.what()}});
        }
        if (cache_.is_blind()) cache_.rights_changed();
    }
}

async::Task<> ChangeWatcher::round() {
    const auto looked = co_await poll();
    if (!looked) {
        if (cache_.is_blind()) {
            log::warn("changes of identities cannot be watched",
                      {{"error", looked.error().message}});
        }
        co_return;
    }
    const Timestamp now = clock_.now();
    if (uses_.empty() && now - flushed_ >= kTouchInterval) {
        flushed_ = now;
        uses_ = cache_.take_last_uses();
    }
    const auto stored = co_await store_some_uses();
    if (!stored) log::warn("last uses were not stored", {{"error", stored.error().message}});
    if (now - purged_ >= kPurgeInterval) {
        purged_ = now;
        const auto done = co_await purge();
        if (!done) log::warn("old sessions were not removed", {{"error", done.error().message}});
    }
}

async::Task<Result<void>> ChangeWatcher::poll() {
    const Timestamp begun = clock_.now();
    auto changes = co_await credentials_.changes_since(known_);
    if (!changes) co_return changes.error();
    const bool rights = changes->epoch.rights != known_.rights;
    known_ = changes->epoch;
    if (rights) cache_.rights_changed();
    if (!changes->ended.empty()) cache_.sessions_ended(changes->ended);
    cache_.looked(begun);
    co_return Result<void>();
}

async::Task<Result<void>> ChangeWatcher::flush_last_uses() {
    uses_ = cache_.take_last_uses();
    while (!uses_.empty()) {
        auto done = co_await store_some_uses();
        if (!done) co_return done;
    }
    co_return Result<void>();
}

async::Task<Result<void>> ChangeWatcher::store_some_uses() {
    std::vector<SessionTouch> sessions;
    std::vector<KeyTouch> keys;
    for (std::size_t i = 0; i < kUsesPerRound && !uses_.empty(); ++i) {
        const LastUse& use = uses_.back();
        if (use.kind == TokenKind::Access) sessions.push_back({SessionId(use.token_id), use.at});
        if (use.kind == TokenKind::ApiKey) keys.push_back({ApiKeyId(use.token_id), use.at});
        uses_.pop_back();
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
