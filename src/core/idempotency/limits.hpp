#pragma once

#include "base/clock.hpp"

#include <cstddef>

namespace zs::idempotency {

struct Limits {
    std::size_t reply_bytes_max = std::size_t{1} << 20;  // larger replies are not kept
    std::size_t keys_per_owner_max = 10000;              // the oldest goes first
    std::size_t key_bytes_max = 255;
    Seconds kept_for = std::chrono::hours(24);
    // Above the longest a request may run: a key that runs longer lost its process.
    Seconds running_max = std::chrono::minutes(10);
};

}  // namespace zs::idempotency
