#pragma once

#include "adapters/relational/database.hpp"
#include "core/files/blob_ledger.hpp"

namespace zs::relational {

// What the upkeep of the file store knows, in the control plane's database (migration 003).
// Lifetime: the database outlives it. Errors: as Database.
class SqlBlobLedger final : public files::BlobLedger {
public:
    explicit SqlBlobLedger(Database& database) : database_(database) {}

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

private:
    Database& database_;
};

}  // namespace zs::relational
