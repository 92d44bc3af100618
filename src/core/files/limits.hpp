#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>

namespace zs::files {

// What the operator chooses (section `files` and limits.file of the configuration).
struct Limits {
    std::uint64_t file_bytes_max = 100ULL << 20;
    std::size_t uploads_max = 256;  // at once, of all tenants
    // A blob without a grant is collected once its last upload is this long ago.
    Seconds unused_for{600};
    Seconds collect_every{3600};       // 0: only when asked
    Seconds verify_every{7 * 86'400};  // 0: only when asked
};

// Pieces that travel between the store and a connection.
inline constexpr std::size_t kPieceBytes = 256 * 1024;
inline constexpr std::size_t kContentTypeBytesMax = 255;
inline constexpr std::size_t kHolderBytesMax = 255;
// Blobs looked at in one step of the upkeep.
inline constexpr std::size_t kUpkeepBatch = 256;
// Damaged blobs that a report names; it counts all.
inline constexpr std::size_t kDamagedShownMax = 100;
// How long an upload waits for the removal of equal content to end.
inline constexpr Millis kClaimPatience{5'000};
inline constexpr Millis kClaimRetry{20};

}  // namespace zs::files
