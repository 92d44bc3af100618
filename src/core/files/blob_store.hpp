#pragma once

#include "async/task.hpp"
#include "core/files/file.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zs::files {

// Bytes on their way into the store. Dropped before commit() has succeeded, they leave nothing.
// Threading: one call at a time.
class BlobWriter {
public:
    virtual ~BlobWriter() = default;
    // Takes the next bytes. May answer before they are written: what goes wrong then is answered by
    // the next call. Errors: Exhausted "storage_full".
    virtual async::Task<Result<void>> write(std::string bytes) = 0;
    // No more bytes follow: says what they are.
    virtual async::Task<Result<BlobInfo>> seal() = 0;
    // After seal(): from here on the bytes are in the store under their digest, whole, and survive
    // power loss. Replaces what was there, since equal digests mean equal content; damage is so
    // healed.
    virtual async::Task<Result<void>> commit() = 0;
};

// Bytes on their way out. What it hands out has been checked. Threading: one call at a time.
class BlobReader {
public:
    virtual ~BlobReader() = default;
    // Replaces `piece` by the next bytes; false at the end of the range. `piece` outlives the call.
    // Errors: DataLoss when stored bytes failed their check; they are not handed out.
    virtual async::Task<Result<bool>> read(std::string& piece) = 0;
};

struct BlobRange {
    std::uint64_t offset = 0;
    std::uint64_t length = UINT64_MAX;  // cut at the end of the blob
};

// Where bytes lie, by digest: a disk, an object store. Knows nothing of tenants.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: see BlobWriter::commit(); a removal may be undone by power loss.
// Errors:     any method may answer Unavailable.
class BlobStore {
public:
    virtual ~BlobStore() = default;
    // `size` when it is known beforehand. Errors: Exhausted "storage_full".
    virtual async::Task<Result<std::unique_ptr<BlobWriter>>> create(
        std::optional<std::uint64_t> size) = 0;
    // A reader goes on after the blob's removal. Errors: NotFound; DataLoss when it is no blob.
    virtual async::Task<Result<std::unique_ptr<BlobReader>>> open(Digest blob, BlobRange range) = 0;
    // Its size; nullopt when it is absent. Says nothing about its health.
    virtual async::Task<Result<std::optional<std::uint64_t>>> stat(Digest blob) = 0;
    // Success also when it is absent.
    virtual async::Task<Result<void>> remove(Digest blob) = 0;
    // In the order of digests, behind `after`, at most `limit`.
    virtual async::Task<Result<std::vector<Digest>>> list(std::optional<Digest> after,
                                                          std::size_t limit) = 0;
    // Reads all of it and hashes it anew. Errors: NotFound; DataLoss when a check on the way fails.
    virtual async::Task<Result<BlobInfo>> rehash(Digest blob) = 0;
};

Error storage_full();
Error no_such_blob();

}  // namespace zs::files
