#pragma once

#include "core/files/blob_store.hpp"

namespace zs::files {

// Two stores as one: what is written goes to the first, what is read may lie in either, and a
// removal goes to both. So blobs find their way when a kind of them gets a place of its own.
// Lifetime: both stores outlive it. Threading: as the stores.
class BlobStorePair final : public BlobStore {
public:
    BlobStorePair(BlobStore& first, BlobStore& second) : first_(first), second_(second) {}

    async::Task<Result<std::unique_ptr<BlobWriter>>> create(
        std::optional<std::uint64_t> size) override;
    async::Task<Result<std::unique_ptr<BlobReader>>> open(Digest blob, BlobRange range) override;
    async::Task<Result<std::optional<std::uint64_t>>> stat(Digest blob) override;
    async::Task<Result<void>> remove(Digest blob) override;
    async::Task<Result<std::vector<Digest>>> list(std::optional<Digest> after,
                                                  std::size_t limit) override;
    async::Task<Result<BlobInfo>> rehash(Digest blob) override;

private:
    BlobStore& first_;
    BlobStore& second_;
};

}  // namespace zs::files
