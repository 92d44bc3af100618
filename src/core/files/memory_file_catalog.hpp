#pragma once

#include "core/files/blob_ledger.hpp"
#include "core/files/file_catalog.hpp"

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace zs::files {

// Grants, references and the ledger in memory, for tests. Durability: none.
class MemoryFileCatalog final : public FileCatalog, public BlobLedger {
public:
    async::Task<Result<Granted>> grant(FileRecord record) override;
    async::Task<Result<std::optional<FileRecord>>> find(identity::Tenant tenant,
                                                        Digest sha256) override;
    async::Task<Result<std::vector<FileRecord>>> list(FileQuery query) override;
    async::Task<Result<void>> remove(identity::Tenant tenant, Digest sha256) override;
    async::Task<Result<void>> refer(FileReference reference) override;
    async::Task<Result<void>> release(FileReference reference) override;

    async::Task<Result<Claim>> claim(BlobInfo blob, Timestamp now) override;
    async::Task<Result<std::vector<Digest>>> condemn(std::vector<Digest> blobs,
                                                     Timestamp claimed_before) override;
    async::Task<Result<std::vector<Digest>>> condemned(std::size_t limit) override;
    async::Task<Result<void>> forget(Digest blob) override;
    async::Task<Result<std::vector<LedgerEntry>>> list(std::optional<Digest> after,
                                                       std::size_t limit) override;
    async::Task<Result<bool>> note_health(Digest blob, BlobHealth health,
                                          Timestamp looked_at) override;
    async::Task<Result<LedgerTotals>> totals() override;

private:
    using Key = std::pair<identity::Tenant, Digest>;
    struct Blob {
        std::uint64_t size = 0;
        Timestamp claimed_at;
        bool is_condemned = false;
        bool is_damaged = false;
    };
    struct Grant {
        FileRecord record;
        std::set<std::string> holders;
    };
    bool is_granted(const Digest& blob) const;
    FileRecord shown(const Grant& grant) const;

    std::mutex mutex_;
    std::map<Digest, Blob> blobs_;
    std::map<Key, Grant> grants_;
};

}  // namespace zs::files
