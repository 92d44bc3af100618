#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "core/identity/identity_config.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>

namespace zs::identity {

// Slows down guessing without ever locking anybody out: a budget of free attempts, then one attempt
// per delay, and the delay doubles. Refused attempts do not count, so hammering does not lengthen
// the wait of the rightful owner.
// Threading: any. Memory is bounded: beyond kAttemptKeysMax keys the stalest are forgotten.
class AttemptLimiter {
public:
    AttemptLimiter(AttemptBudget budget, const Clock& clock);

    // Takes one attempt. Errors: Exhausted "too_many_attempts" with details.retry_after_secs.
    Result<void> attempt(std::string_view key);
    // A proof of identity clears the history.
    void forgive(std::string_view key);
    std::size_t size() const;

private:
    struct Entry {
        double tokens = 0;
        int strikes = 0;
        Timestamp updated;
        Timestamp not_before;
    };
    Millis interval() const;
    Millis delay_after(int strikes) const;
    bool is_quiet(const Entry& entry, Timestamp now) const;
    void make_room(Timestamp now);

    AttemptBudget budget_;
    const Clock& clock_;
    std::size_t salt_;
    mutable std::mutex mutex_;
    std::unordered_map<std::size_t, Entry> entries_;  // by salted hash of the key
};

}  // namespace zs::identity
