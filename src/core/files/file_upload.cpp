#include "core/files/file_upload.hpp"

#include "core/files/blob_claim.hpp"
#include "core/files/content_type.hpp"

#include <utility>

namespace zs::files {

Error file_too_large(std::uint64_t bytes_max) {
    return too_large("the file is larger than " + std::to_string(bytes_max) + " bytes",
                     "file_too_large")
        .with("limit_bytes", static_cast<std::int64_t>(bytes_max));
}

FileUpload::FileUpload(const UploadGround& ground, identity::Tenant tenant,
                       std::unique_ptr<BlobWriter> writer, std::uint64_t bytes_max,
                       std::shared_ptr<void> place)
    : ground_(ground),
      tenant_(std::move(tenant)),
      writer_(std::move(writer)),
      bytes_max_(bytes_max),
      place_(std::move(place)) {}

FileUpload::~FileUpload() {
    if (!stored_) ground_.metrics.refused.add();
}

async::Task<Result<void>> FileUpload::write(std::string bytes) {
    received_ += bytes.size();
    if (received_ > bytes_max_) co_return file_too_large(bytes_max_);
    ground_.metrics.received_bytes.add(static_cast<double>(bytes.size()));
    if (buffer_.empty() && bytes.size() >= kPieceBytes) {
        buffer_ = std::move(bytes);
    } else {
        if (buffer_.empty()) buffer_.reserve(kPieceBytes + bytes.size());
        buffer_ += bytes;
    }
    if (buffer_.size() < kPieceBytes) co_return Result<void>();
    co_return co_await hand_over();
}

async::Task<Result<void>> FileUpload::hand_over() {
    if (buffer_.empty()) co_return Result<void>();
    auto bytes = std::exchange(buffer_, std::string());
    co_return co_await writer_->write(std::move(bytes));
}

async::Task<Result<Granted>> FileUpload::finish(UploadFacts facts) {
    auto type = checked_content_type(facts.content_type);
    if (!type) co_return std::move(type).error();
    auto handed = co_await hand_over();
    if (!handed) co_return std::move(handed).error();
    auto blob = co_await writer_->seal();
    if (!blob) co_return std::move(blob).error();
    if (facts.expected && *facts.expected != blob->sha256) {
        co_return invalid_argument("the bytes that came do not hash to what was announced",
                                   "digest_mismatch")
            .with("sha256", blob->sha256.to_string());
    }
    auto known = co_await find_stored(*blob);
    if (!known) co_return std::move(known).error();
    if (*known) {
        stored_ = true;
        ground_.metrics.deduplicated.add();
        ground_.metrics.deduplicated_bytes.add(static_cast<double>(blob->size));
        co_return std::move(**known);
    }
    co_return co_await store(*blob, std::move(*type));
}

// What the tenant itself has already, whole as far as we know. Another tenant's equal content is
// written once more, so that the time an upload takes tells nothing about others.
async::Task<Result<std::optional<Granted>>> FileUpload::find_stored(BlobInfo blob) {
    auto record = co_await ground_.catalog.find(tenant_, blob.sha256);
    if (!record) co_return std::move(record).error();
    if (!*record || (*record)->damaged) co_return std::optional<Granted>();
    auto size = co_await ground_.store.stat(blob.sha256);
    if (!size) co_return std::move(size).error();
    if (*size != blob.size) co_return std::optional<Granted>();
    Granted found;
    found.record = std::move(**record);
    co_return std::optional<Granted>(std::move(found));
}

async::Task<Result<Granted>> FileUpload::store(BlobInfo blob, std::string content_type) {
    auto claimed = co_await claim_blob(ground_.ledger, blob, ground_.clock);
    if (!claimed) co_return std::move(claimed).error();
    auto committed = co_await writer_->commit();
    if (!committed) co_return std::move(committed).error();
    FileRecord record;
    record.tenant = tenant_;
    record.sha256 = blob.sha256;
    record.size = blob.size;
    record.content_type = std::move(content_type);
    record.created_at = ground_.clock.now();
    auto granted = co_await ground_.catalog.grant(std::move(record));
    if (!granted && granted.error().reason == "blob_gone") {
        co_return unavailable("equal content was removed at the same moment; upload again");
    }
    if (!granted) co_return std::move(granted).error();
    stored_ = true;
    (granted->created ? ground_.metrics.created : ground_.metrics.deduplicated).add();
    if (*claimed == Claim::New) {
        ground_.metrics.blobs.add(1);
        ground_.metrics.bytes.add(static_cast<double>(blob.size));
    }
    co_return std::move(*granted);
}

}  // namespace zs::files
