#pragma once

#include "adapters/localfs/blob_folder.hpp"
#include "async/blocking_pool.hpp"
#include "core/files/blob_store.hpp"

#include <filesystem>
#include <memory>

namespace zs::localfs {

struct Options {
    std::filesystem::path folder;  // its parent exists
    FolderUsers users = FolderUsers::ThisProcessAlone;
    // Free bytes that uploads leave on the disk, for the databases beside them.
    std::uint64_t reserve_bytes = 64ULL << 20;
};

// Blobs as files of a local disk.
// Lifetime: the pool outlives it and its readers and writers.
// Durability: commit() syncs the file, renames it and syncs its folder.
class LocalBlobStore final : public files::BlobStore {
public:
    // Errors: Unavailable naming the folder.
    static Result<std::unique_ptr<LocalBlobStore>> open_blocking(const Options& options,
                                                                 async::BlockingPool& pool);

    async::Task<Result<std::unique_ptr<files::BlobWriter>>> create(
        std::optional<std::uint64_t> size) override;
    async::Task<Result<std::unique_ptr<files::BlobReader>>> open(files::Digest blob,
                                                                 files::BlobRange range) override;
    async::Task<Result<std::optional<std::uint64_t>>> stat(files::Digest blob) override;
    async::Task<Result<void>> remove(files::Digest blob) override;
    async::Task<Result<std::vector<files::Digest>>> list(std::optional<files::Digest> after,
                                                         std::size_t limit) override;
    async::Task<Result<files::BlobInfo>> rehash(files::Digest blob) override;

private:
    LocalBlobStore(std::shared_ptr<BlobFolder> folder, async::BlockingPool& pool)
        : folder_(std::move(folder)), pool_(pool) {}
    std::shared_ptr<BlobFolder> folder_;
    async::BlockingPool& pool_;
};

}  // namespace zs::localfs
