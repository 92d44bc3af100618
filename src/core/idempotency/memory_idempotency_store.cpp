#include "core/idempotency/memory_idempotency_store.hpp"

namespace zs::idempotency {

async::Task<Result<std::optional<KeyEntry>>> MemoryIdempotencyStore::claim(Claim claim) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(claim.id);
    if (found != entries_.end()) {
        if (found->second.entry.started_at >= claim.expired_before) {
            co_return std::optional(found->second.entry);
        }
        entries_.erase(found);
    }
    Kept kept;
    kept.entry.request_hash = std::move(claim.request_hash);
    kept.entry.started_at = claim.now;
    kept.order = ++order_;
    entries_.emplace(claim.id, std::move(kept));
    drop_oldest(claim.id.owner, claim.owner_keys_max);
    co_return std::optional<KeyEntry>{};
}

void MemoryIdempotencyStore::drop_oldest(const std::string& owner, std::size_t keys_max) {
    std::map<std::uint64_t, KeyId> ended;
    std::size_t count = 0;
    for (const auto& [id, kept] : entries_) {
        if (id.owner != owner) continue;
        ++count;
        if (kept.entry.state != KeyState::Running) ended.emplace(kept.order, id);
    }
    for (const auto& [order, id] : ended) {
        if (count <= keys_max) return;
        entries_.erase(id);
        --count;
    }
}

async::Task<Result<void>> MemoryIdempotencyStore::keep(KeyId id, KeptReply reply) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found != entries_.end() && found->second.entry.state == KeyState::Running) {
        found->second.entry.state = KeyState::Done;
        found->second.entry.reply = std::move(reply);
    }
    co_return Result<void>{};
}

async::Task<Result<void>> MemoryIdempotencyStore::lose(KeyId id) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found != entries_.end() && found->second.entry.state == KeyState::Running) {
        found->second.entry.state = KeyState::Lost;
    }
    co_return Result<void>{};
}

async::Task<Result<void>> MemoryIdempotencyStore::release(KeyId id) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found != entries_.end() && found->second.entry.state == KeyState::Running) {
        entries_.erase(found);
    }
    co_return Result<void>{};
}

async::Task<Result<std::uint64_t>> MemoryIdempotencyStore::lose_running(Timestamp started_before) {
    const std::lock_guard lock(mutex_);
    std::uint64_t lost = 0;
    for (auto& [id, kept] : entries_) {
        if (kept.entry.state != KeyState::Running || kept.entry.started_at >= started_before)
            continue;
        kept.entry.state = KeyState::Lost;
        ++lost;
    }
    co_return lost;
}

async::Task<Result<std::uint64_t>> MemoryIdempotencyStore::forget(Timestamp started_before) {
    const std::lock_guard lock(mutex_);
    const auto expired = [&](const auto& item) {
        return item.second.entry.state != KeyState::Running
               && item.second.entry.started_at < started_before;
    };
    co_return std::erase_if(entries_, expired);
}

}  // namespace zs::idempotency
