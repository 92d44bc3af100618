#pragma once

#include "async/task.hpp"
#include "core/files/file.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace zs::files {

enum class BlobHealth { Sound, Damaged };

struct LedgerEntry {
    BlobInfo blob;
    BlobHealth health = BlobHealth::Sound;
    bool granted = false;  // somebody has it, so its bytes must be there
};

enum class Claim {
    New,        // nobody claimed it before
    Known,      // it may be in the store already
    Condemned,  // it is being removed: try again when it has been forgotten
};

struct LedgerTotals {
    std::uint64_t blobs = 0;
    std::uint64_t bytes = 0;
    std::uint64_t damaged = 0;
    std::uint64_t files = 0;  // grants, of all tenants
};

// What the store's upkeep knows about blobs, of all tenants. It keeps an upload and a removal of
// equal content apart: an upload claims its blob, then commits it, then has it granted; a removal
// condemns it, then removes it, then forgets it. Of claim and condemn the first one wins.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss.
// Errors:     any method may answer Unavailable.
class BlobLedger {
public:
    virtual ~BlobLedger() = default;
    virtual async::Task<Result<Claim>> claim(BlobInfo blob, Timestamp now) = 0;
    // Answers those that may be removed now: nobody has them, and the last claim is older than
    // `claimed_before`, or there never was one.
    virtual async::Task<Result<std::vector<Digest>>> condemn(std::vector<Digest> blobs,
                                                             Timestamp claimed_before) = 0;
    // Those whose removal was begun, at most `limit`.
    virtual async::Task<Result<std::vector<Digest>>> condemned(std::size_t limit) = 0;
    // The condemned blob is removed.
    virtual async::Task<Result<void>> forget(Digest blob) = 0;
    // Those that are not condemned, in the order of digests behind `after`.
    virtual async::Task<Result<std::vector<LedgerEntry>>> list(std::optional<Digest> after,
                                                               std::size_t limit) = 0;
    // What a look at the bytes showed, which began at `looked_at`. A claim since then may have
    // replaced them: then nothing changes. Answers whether it did.
    virtual async::Task<Result<bool>> note_health(Digest blob, BlobHealth health,
                                                  Timestamp looked_at) = 0;
    virtual async::Task<Result<LedgerTotals>> totals() = 0;
};

}  // namespace zs::files
