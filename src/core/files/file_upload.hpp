#pragma once

#include "base/clock.hpp"
#include "core/files/blob_ledger.hpp"
#include "core/files/blob_store.hpp"
#include "core/files/file_catalog.hpp"
#include "core/files/file_metrics.hpp"
#include "core/files/limits.hpp"

#include <memory>
#include <optional>
#include <string>

namespace zs::files {

// What an upload says of its file, known at the latest when the last byte has come.
struct UploadFacts {
    std::string content_type;
    std::optional<Digest> expected;  // what the client says the bytes hash to
};

// What an upload stands on.
struct UploadGround {
    BlobLedger& ledger;
    FileCatalog& catalog;
    BlobStore& store;
    const Clock& clock;
    FileMetrics& metrics;
};

// One file on its way in: write() the bytes, then finish() once. Dropped before that, nothing of it
// stays.
// Lifetime: what the ground names outlives it. Threading: one call at a time.
class FileUpload {
public:
    FileUpload(const UploadGround& ground, identity::Tenant tenant,
               std::unique_ptr<BlobWriter> writer, std::uint64_t bytes_max,
               std::shared_ptr<void> place);
    ~FileUpload();
    FileUpload(const FileUpload&) = delete;
    FileUpload& operator=(const FileUpload&) = delete;

    // Errors: TooLarge "file_too_large"; Exhausted "storage_full".
    async::Task<Result<void>> write(std::string bytes);
    // The file is stored, durable and the tenant's. Errors: InvalidArgument "digest_mismatch";
    // Exhausted "storage_full".
    async::Task<Result<Granted>> finish(UploadFacts facts);

private:
    async::Task<Result<void>> hand_over();
    async::Task<Result<std::optional<Granted>>> find_stored(BlobInfo blob);
    async::Task<Result<Granted>> store(BlobInfo blob, std::string content_type);

    const UploadGround ground_;
    const identity::Tenant tenant_;
    std::unique_ptr<BlobWriter> writer_;
    const std::uint64_t bytes_max_;
    const std::shared_ptr<void> place_;  // among the uploads at once
    std::string buffer_;                 // small pieces become big ones
    std::uint64_t received_ = 0;
    bool stored_ = false;
};

Error file_too_large(std::uint64_t bytes_max);

}  // namespace zs::files
