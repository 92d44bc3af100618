#pragma once

#include "core/files/file_upload.hpp"
#include "core/identity/audit_log.hpp"
#include "core/identity/page.hpp"

#include <atomic>
#include <memory>

namespace zs::files {

// What tenants do with files. The caller has checked the right; jobs act for a tenant without a
// principal.
// Lifetime: the ports, the clock and the audit log outlive it. Threading: any.
class FileService {
public:
    FileService(BlobStore& store, FileCatalog& catalog, BlobLedger& ledger,
                identity::AuditLog& audit, const Clock& clock, FileMetrics& metrics,
                Limits limits = {});

    // `size` when it is known beforehand. Errors: TooLarge "file_too_large"; Exhausted
    // "storage_full"; Unavailable when too many come at once.
    async::Task<Result<std::unique_ptr<FileUpload>>> begin(identity::Tenant tenant,
                                                           std::optional<std::uint64_t> size);
    // Errors: NotFound, also for what only others have; DataLoss when the bytes are damaged.
    async::Task<Result<FileRecord>> find(identity::Tenant tenant, Digest sha256);
    // Errors: as BlobReader, then noted in the ledger; NotFound when it was deleted meanwhile.
    async::Task<Result<std::unique_ptr<BlobReader>>> open(FileRecord file, BlobRange range);
    // Newest first. Errors: InvalidArgument "invalid_cursor".
    async::Task<Result<identity::Page<FileRecord>>> list(identity::Tenant tenant,
                                                         identity::PageRequest page);
    // Errors: NotFound; Conflict "file_in_use".
    async::Task<Result<void>> remove(identity::PrincipalPtr caller, Digest sha256,
                                     identity::Client client);

    // Keeps a file from being deleted, until released by the same holder. Errors: NotFound.
    async::Task<Result<void>> refer(FileReference reference);
    async::Task<Result<void>> release(FileReference reference);

    const Limits& limits() const { return limits_; }

private:
    BlobStore& store_;
    FileCatalog& catalog_;
    BlobLedger& ledger_;
    identity::AuditLog& audit_;
    const Clock& clock_;
    FileMetrics& metrics_;
    const Limits limits_;
    const std::shared_ptr<std::atomic<std::size_t>> uploads_;
};

}  // namespace zs::files
