#pragma once

#include "core/files/blob_store.hpp"

#include <map>
#include <memory>
#include <mutex>

namespace zs::files {

// Keeps bytes in memory, for tests. Durability: none.
class MemoryBlobStore final : public BlobStore {
public:
    MemoryBlobStore() : shelf_(std::make_shared<Shelf>()) {}

    async::Task<Result<std::unique_ptr<BlobWriter>>> create(
        std::optional<std::uint64_t> size) override;
    async::Task<Result<std::unique_ptr<BlobReader>>> open(Digest blob, BlobRange range) override;
    async::Task<Result<std::optional<std::uint64_t>>> stat(Digest blob) override;
    async::Task<Result<void>> remove(Digest blob) override;
    async::Task<Result<std::vector<Digest>>> list(std::optional<Digest> after,
                                                  std::size_t limit) override;
    async::Task<Result<BlobInfo>> rehash(Digest blob) override;

    // Turns one bit over, as a disk may.
    void damage(Digest blob);
    void set_bytes_max(std::uint64_t bytes);
    // Writers that have not been dropped.
    std::size_t writers() const;

private:
    friend class MemoryBlobWriter;
    struct Shelf {
        std::mutex mutex;
        std::map<Digest, std::shared_ptr<const std::string>> blobs;
        std::uint64_t bytes_max = UINT64_MAX;
        std::size_t writers = 0;
    };
    std::shared_ptr<Shelf> shelf_;
};

}  // namespace zs::files
