#include "core/identity/attempt_limiter.hpp"

#include "base/random.hpp"
#include "core/identity/limits.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>

namespace zs::identity {
namespace {
// The salt keeps others from choosing keys that share an entry.
std::size_t make_salt() {
    const std::string noise = random_bytes(sizeof(std::size_t));
    std::size_t salt = 0;
    std::memcpy(&salt, noise.data(), sizeof salt);
    return salt;
}

std::size_t mix(std::size_t hash, std::size_t salt) {
    hash ^= salt;
    hash *= 0x9E3779B97F4A7C15ULL;
    return hash ^ (hash >> 29);
}

Error too_many(Millis wait) {
    const auto secs = std::max<std::int64_t>(1, (wait.count() + 999) / 1000);
    return exhausted("too many attempts: try again in " + std::to_string(secs) + " s",
                     "too_many_attempts")
        .with("retry_after_secs", boost::json::value(secs));
}
}  // namespace

AttemptLimiter::AttemptLimiter(AttemptBudget budget, const Clock& clock)
    : budget_(budget), clock_(clock), salt_(make_salt()) {}

Millis AttemptLimiter::interval() const {
    return budget_.window / budget_.budget;
}

Millis AttemptLimiter::delay_after(int strikes) const {
    Millis delay = interval();
    for (int i = 1; i < strikes && delay < budget_.delay_max; ++i)
        delay *= 2;
    return std::min(delay, std::max(budget_.delay_max, Millis(1)));
}

// After a window of silence beyond the last delay the history is forgotten.
bool AttemptLimiter::is_quiet(const Entry& entry, Timestamp now) const {
    return now >= std::max(entry.updated, entry.not_before) + budget_.window;
}

void AttemptLimiter::make_room(Timestamp now) {
    if (entries_.size() < kAttemptKeysMax) return;
    std::erase_if(entries_, [&](const auto& item) { return is_quiet(item.second, now); });
    // Still full: an attack from very many places. Forgetting arbitrary entries is fairer than
    // refusing everybody new. A quarter at once, so that the sweep above is paid rarely.
    while (entries_.size() > kAttemptKeysMax / 4 * 3)
        entries_.erase(entries_.begin());
}

Result<void> AttemptLimiter::attempt(std::string_view key) {
    if (budget_.budget <= 0 || key.empty()) return {};
    const Timestamp now = clock_.now();
    const auto hash = mix(std::hash<std::string_view>{}(key), salt_);
    const std::lock_guard lock(mutex_);
    auto found = entries_.find(hash);
    if (found == entries_.end()) {
        make_room(now);
        found = entries_.emplace(hash, Entry{}).first;
        found->second.tokens = budget_.budget;
    }
    Entry& entry = found->second;
    if (entry.strikes > 0 && is_quiet(entry, now)) {
        entry = Entry{};
        entry.tokens = budget_.budget;
    }
    if (now < entry.not_before) return too_many(entry.not_before - now);
    if (entry.strikes == 0 && entry.updated != Timestamp{}) {
        const auto regained = static_cast<double>((now - entry.updated).count())
                              / static_cast<double>(interval().count());
        entry.tokens = std::min<double>(budget_.budget, entry.tokens + regained);
    }
    entry.updated = now;
    entry.tokens = std::max(0.0, entry.tokens - 1);
    if (entry.tokens < 1) {
        ++entry.strikes;
        entry.not_before = now + delay_after(entry.strikes);
    }
    return {};
}

void AttemptLimiter::forgive(std::string_view key) {
    const std::lock_guard lock(mutex_);
    entries_.erase(mix(std::hash<std::string_view>{}(key), salt_));
}

std::size_t AttemptLimiter::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

}  // namespace zs::identity
