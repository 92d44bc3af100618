#include "core/identity/access_cache.hpp"

#include "core/identity/client.hpp"
#include "core/identity/limits.hpp"

#include <algorithm>
#include <unordered_map>

namespace zs::identity {
namespace {
constexpr std::size_t kShards = 64;
constexpr std::size_t kPerShardMax = kCachedCredentialsMax / kShards;

// Keys are hashes already.
struct AsItIs {
    std::size_t operator()(std::size_t hash) const noexcept { return hash; }
};

bool allowed_from(const std::vector<std::string>& ip_allow, std::string_view ip) {
    if (ip_allow.empty()) return true;
    const std::string address(ip);
    return std::any_of(ip_allow.begin(), ip_allow.end(),
                       [&](const auto& range) { return address_in_range(address, range); });
}
}  // namespace

struct AccessCache::Shard {
    struct Slot {
        std::string credential;
        CachedCredential entry;
        Timestamp last_use;
        bool used = false;  // since the last take_last_uses()
    };
    std::mutex mutex;
    std::unordered_map<std::size_t, Slot, AsItIs> slots;

    static bool is_dead(const Slot& slot, std::uint64_t generation, Timestamp now) {
        return slot.entry.generation != generation || now >= slot.entry.valid_until
               || (slot.entry.life && slot.entry.life->ended.load(std::memory_order_acquire));
    }

    // The last uses in forgotten slots are lost; they are statistics.
    void make_room(std::uint64_t generation, Timestamp now) {
        if (slots.size() < kPerShardMax) return;
        std::erase_if(slots,
                      [&](const auto& item) { return is_dead(item.second, generation, now); });
        // A quarter at once, so that the sweep is paid rarely.
        const std::size_t keep = kPerShardMax / 4 * 3;
        if (slots.size() <= keep) return;
        std::size_t surplus = slots.size() - keep;
        std::vector<Timestamp> uses;
        for (const auto& [hash, slot] : slots)
            uses.push_back(slot.last_use);
        const auto cut = uses.begin() + static_cast<std::ptrdiff_t>(surplus - 1);
        std::nth_element(uses.begin(), cut, uses.end());
        std::erase_if(slots, [&, oldest = *cut](const auto& item) {
            return surplus > 0 && item.second.last_use <= oldest && surplus-- > 0;
        });
    }
};

struct AccessCache::Lives {
    std::mutex mutex;
    std::unordered_map<SessionId, std::weak_ptr<SessionLife>> by_session;
    std::size_t sweep_at = 1024;

    void sweep() {
        if (by_session.size() < sweep_at) return;
        std::erase_if(by_session, [](const auto& item) { return item.second.expired(); });
        sweep_at = std::max<std::size_t>(1024, by_session.size() * 2);
    }
};

AccessCache::AccessCache(const Clock& clock)
    : clock_(clock),
      shards_(std::make_unique<Shard[]>(kShards)),
      lives_(std::make_unique<Lives>()) {}
AccessCache::~AccessCache() = default;

AccessCache::Shard& AccessCache::shard_of(std::size_t hash) {
    return shards_[hash % kShards];
}

bool AccessCache::is_blind(Timestamp now) const {
    const Timestamp looked_at = looked_at_.load(std::memory_order_acquire);
    // The clock may be set back, too.
    return looked_at != kNeverLooked && std::chrono::abs(now - looked_at) > kBlindMax;
}

PrincipalPtr AccessCache::find(std::string_view credential, std::string_view client_ip) {
    const std::size_t hash = std::hash<std::string_view>{}(credential);
    const Timestamp now = clock_.now();
    if (is_blind(now)) return nullptr;
    Shard& shard = shard_of(hash);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.slots.find(hash);
    if (found == shard.slots.end() || found->second.credential != credential) return nullptr;
    auto& slot = found->second;
    if (Shard::is_dead(slot, generation(), now)) {
        shard.slots.erase(found);
        return nullptr;
    }
    if (!allowed_from(slot.entry.ip_allow, client_ip)) return nullptr;
    slot.last_use = now;
    slot.used = true;
    return slot.entry.principal;
}

void AccessCache::put(std::string_view credential, CachedCredential entry) {
    const std::size_t hash = std::hash<std::string_view>{}(credential);
    const Timestamp now = clock_.now();
    Shard& shard = shard_of(hash);
    const std::lock_guard lock(shard.mutex);
    shard.make_room(generation(), now);
    auto& slot = shard.slots[hash];
    slot.credential = credential;
    slot.entry = std::move(entry);
    slot.last_use = now;
    slot.used = true;
}

std::shared_ptr<SessionLife> AccessCache::session_life(SessionId id) {
    const std::lock_guard lock(lives_->mutex);
    lives_->sweep();
    auto& known = lives_->by_session[id];
    auto life = known.lock();
    if (!life) {
        life = std::make_shared<SessionLife>();
        known = life;
    }
    return life;
}

void AccessCache::rights_changed() {
    generation_.fetch_add(1, std::memory_order_acq_rel);
    for (const auto& callback : rights_changed_)
        callback();
}

void AccessCache::sessions_ended(std::span<const SessionId> ids) {
    {
        const std::lock_guard lock(lives_->mutex);
        for (const auto& id : ids) {
            const auto found = lives_->by_session.find(id);
            if (found == lives_->by_session.end()) continue;
            if (const auto life = found->second.lock()) {
                life->ended.store(true, std::memory_order_release);
            }
        }
    }
    for (const auto& callback : session_ended_) {
        for (const auto& id : ids)
            callback(id);
    }
}

std::vector<LastUse> AccessCache::take_last_uses() {
    std::vector<LastUse> uses;
    for (std::size_t i = 0; i < kShards; ++i) {
        const std::lock_guard lock(shards_[i].mutex);
        for (auto& [hash, slot] : shards_[i].slots) {
            if (!slot.used) continue;
            slot.used = false;
            const auto& principal = *slot.entry.principal;
            uses.push_back({principal.token_id, principal.token_kind, slot.last_use});
        }
    }
    return uses;
}

}  // namespace zs::identity
