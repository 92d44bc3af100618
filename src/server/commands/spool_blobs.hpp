#pragma once

#include "async/blocking_pool.hpp"
#include "core/files/blob_ledger.hpp"
#include "core/files/blob_store.hpp"

#include <filesystem>
#include <string>

namespace zs::server {

// Where artifacts lie between a program and the server they are sent to: files named by their
// digest. What is committed is there until remove(); nothing is synced, because an artifact counts
// only once the server has it.
// Lifetime: the pool outlives it. Threading: any.
class SpoolBlobs final : public files::BlobStore {
public:
    // Makes the folder, and empties it. Errors: Unavailable.
    static Result<void> prepare_blocking(const std::filesystem::path& folder);
    SpoolBlobs(std::filesystem::path folder, async::BlockingPool& pool)
        : folder_(std::move(folder)), pool_(pool) {}

    std::string path_of(const files::Digest& blob) const;

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
    const std::filesystem::path folder_;
    async::BlockingPool& pool_;
};

// Nobody else uses such a spool, so every claim is good.
class SpoolLedger final : public files::BlobLedger {
public:
    async::Task<Result<files::Claim>> claim(files::BlobInfo blob, Timestamp now) override;
    async::Task<Result<std::vector<files::Digest>>> condemn(std::vector<files::Digest> blobs,
                                                            Timestamp claimed_before) override;
    async::Task<Result<std::vector<files::Digest>>> condemned(std::size_t limit) override;
    async::Task<Result<void>> forget(files::Digest blob) override;
    async::Task<Result<std::vector<files::LedgerEntry>>> list(std::optional<files::Digest> after,
                                                              std::size_t limit) override;
    async::Task<Result<bool>> note_health(files::Digest blob, files::BlobHealth health,
                                          Timestamp looked_at) override;
    async::Task<Result<files::LedgerTotals>> totals() override;
};

}  // namespace zs::server
