#pragma once

#include "adapters/localfs/beside.hpp"
#include "adapters/localfs/blob_folder.hpp"
#include "base/hash.hpp"
#include "core/files/blob_store.hpp"

#include <memory>
#include <string>

namespace zs::localfs {

// A blob being written, as the pool's threads see it: bytes go to a temporary file, are hashed and
// summed on the way. Dropped before commit, the file is gone.
// Threading: one call at a time. Everything blocks, the destructor included.
class BlobDraft {
public:
    BlobDraft(std::shared_ptr<BlobFolder> folder, BlobFolder::Temporary temporary)
        : folder_(std::move(folder)), temporary_(std::move(temporary)) {}
    ~BlobDraft();
    BlobDraft(const BlobDraft&) = delete;
    BlobDraft& operator=(const BlobDraft&) = delete;

    Result<void> append_blocking(std::string_view bytes);
    Result<files::BlobInfo> seal_blocking();
    Result<void> commit_blocking();

private:
    void sum(std::string_view bytes);
    Result<void> keep_the_disk_busy_blocking();

    std::shared_ptr<BlobFolder> folder_;
    BlobFolder::Temporary temporary_;
    Sha256 hash_;
    std::string sums_;             // of the whole blocks so far
    std::uint32_t block_sum_ = 0;  // of the block that is not whole yet
    std::uint64_t block_filled_ = 0;
    std::uint64_t written_ = 0;
    std::uint64_t pushed_ = 0;  // bytes that the kernel was asked to write out
    files::BlobInfo info_;
    bool committed_ = false;
};

// The port over a draft: write() answers while the bytes before are still hashed and written.
class LocalBlobWriter final : public files::BlobWriter {
public:
    LocalBlobWriter(std::unique_ptr<BlobDraft> draft, async::BlockingPool& pool)
        : draft_(std::move(draft)), pool_(pool), writing_(pool) {}
    ~LocalBlobWriter() override;

    async::Task<Result<void>> write(std::string bytes) override;
    async::Task<Result<files::BlobInfo>> seal() override;
    async::Task<Result<void>> commit() override;

private:
    std::shared_ptr<BlobDraft> draft_;
    async::BlockingPool& pool_;
    Beside<void> writing_;
};

}  // namespace zs::localfs
