#include "core/files/file_service.hpp"

#include "base/log.hpp"

#include <charconv>
#include <utility>

namespace zs::files {
namespace {

constexpr std::string_view kListFilters = "files";

// Tells the ledger when the store found bytes damaged.
class WatchedReader final : public BlobReader {
public:
    WatchedReader(std::unique_ptr<BlobReader> reader, BlobLedger& ledger, FileMetrics& metrics,
                  Digest blob, Timestamp opened_at)
        : reader_(std::move(reader)),
          ledger_(ledger),
          metrics_(metrics),
          blob_(blob),
          opened_at_(opened_at) {}

    async::Task<Result<bool>> read(std::string& piece) override {
        auto more = co_await reader_->read(piece);
        if (more) {
            metrics_.served_bytes.add(static_cast<double>(piece.size()));
            co_return *more;
        }
        if (more.error().code == ErrorCode::DataLoss) {
            log::error("stored bytes are damaged", {{"sha256", blob_.to_string()}});
            auto noted = co_await ledger_.note_health(blob_, BlobHealth::Damaged, opened_at_);
            if (noted && *noted) metrics_.damaged.add(1);
        }
        co_return std::move(more).error();
    }

private:
    std::unique_ptr<BlobReader> reader_;
    BlobLedger& ledger_;
    FileMetrics& metrics_;
    const Digest blob_;
    const Timestamp opened_at_;
};

Error damaged_file() {
    return data_loss("the stored bytes are damaged and not served; uploading them again heals");
}

std::string position_key(const FileRecord& file) {
    return std::to_string(to_unix_millis(file.created_at)) + "/" + file.sha256.to_string();
}

Result<std::pair<Timestamp, Digest>> parse_position(const std::string& key) {
    const auto slash = key.find('/');
    std::int64_t millis = 0;
    const auto* end = key.data() + std::min(slash, key.size());
    const auto [stopped, failed] = std::from_chars(key.data(), end, millis);
    auto digest = slash == std::string::npos
                      ? Result<Digest>(not_found(""))
                      : Digest::parse(std::string_view(key).substr(slash + 1));
    if (failed == std::errc{} && stopped == end && digest) {
        return std::pair(from_unix_millis(millis), *digest);
    }
    return invalid_field("cursor", "this cursor was not made by this list", "invalid_cursor");
}

std::shared_ptr<void> take_place(const std::shared_ptr<std::atomic<std::size_t>>& taken,
                                 std::size_t max) {
    if (taken->fetch_add(1) >= max) {
        taken->fetch_sub(1);
        return nullptr;
    }
    return {taken.get(), [taken](void*) { taken->fetch_sub(1); }};
}

Result<void> check_holder(const std::string& holder) {
    if (!holder.empty() && holder.size() <= kHolderBytesMax) return {};
    return invalid_field("holder",
                         "'holder' must have 1 to " + std::to_string(kHolderBytesMax) + " bytes");
}

}  // namespace

FileService::FileService(BlobStore& store, FileCatalog& catalog, BlobLedger& ledger,
                         identity::AuditLog& audit, const Clock& clock, FileMetrics& metrics,
                         Limits limits)
    : store_(store),
      catalog_(catalog),
      ledger_(ledger),
      audit_(audit),
      clock_(clock),
      metrics_(metrics),
      limits_(limits),
      uploads_(std::make_shared<std::atomic<std::size_t>>(0)) {}

async::Task<Result<std::unique_ptr<FileUpload>>> FileService::begin(
    identity::Tenant tenant, std::optional<std::uint64_t> size) {
    if (size.value_or(0) > limits_.file_bytes_max) {
        metrics_.refused.add();
        co_return file_too_large(limits_.file_bytes_max);
    }
    auto place = take_place(uploads_, limits_.uploads_max);
    if (!place) co_return unavailable("too many uploads at once; try again");
    auto writer = co_await store_.create(size);
    if (!writer) {
        metrics_.refused.add();
        co_return std::move(writer).error();
    }
    const UploadGround ground{ledger_, catalog_, store_, clock_, metrics_};
    co_return std::make_unique<FileUpload>(ground, std::move(tenant), std::move(*writer),
                                           limits_.file_bytes_max, std::move(place));
}

async::Task<Result<FileRecord>> FileService::find(identity::Tenant tenant, Digest sha256) {
    auto record = co_await catalog_.find(std::move(tenant), sha256);
    if (!record) co_return std::move(record).error();
    if (!*record) co_return no_such_file();
    if ((*record)->damaged) co_return damaged_file();
    co_return std::move(**record);
}

async::Task<Result<std::unique_ptr<BlobReader>>> FileService::open(FileRecord file,
                                                                   BlobRange range) {
    const auto opened_at = clock_.now();
    auto reader = co_await store_.open(file.sha256, range);
    if (reader) {
        std::unique_ptr<BlobReader> watched = std::make_unique<WatchedReader>(
            std::move(*reader), ledger_, metrics_, file.sha256, opened_at);
        co_return watched;
    }
    const auto code = reader.error().code;
    if (code == ErrorCode::DataLoss) {
        log::error("stored bytes are damaged", {{"sha256", file.sha256.to_string()}});
        auto noted = co_await ledger_.note_health(file.sha256, BlobHealth::Damaged, opened_at);
        if (noted && *noted) metrics_.damaged.add(1);
        co_return damaged_file();
    }
    if (code != ErrorCode::NotFound) co_return std::move(reader).error();
    // Deleted since it was found, or lost?
    auto still = co_await catalog_.find(file.tenant, file.sha256);
    if (!still) co_return std::move(still).error();
    if (!*still) co_return no_such_file();
    log::error("stored bytes are missing", {{"sha256", file.sha256.to_string()}});
    co_return data_loss("the stored bytes are missing; uploading them again heals");
}

async::Task<Result<identity::Page<FileRecord>>> FileService::list(identity::Tenant tenant,
                                                                  identity::PageRequest page) {
    const auto good = identity::check_limit(page);
    if (!good) co_return good.error();
    FileQuery query;
    query.tenant = std::move(tenant);
    query.limit = static_cast<std::size_t>(page.limit) + 1;
    if (page.cursor) {
        auto key = identity::read_cursor(kListFilters, *page.cursor);
        if (!key) co_return std::move(key).error();
        auto position = parse_position(*key);
        if (!position) co_return std::move(position).error();
        query.before = *position;
    }
    auto files = co_await catalog_.list(std::move(query));
    if (!files) co_return std::move(files).error();
    co_return identity::make_page(std::move(*files), page, kListFilters, position_key);
}

async::Task<Result<void>> FileService::remove(identity::PrincipalPtr caller, Digest sha256,
                                              identity::Client client) {
    auto removed = co_await catalog_.remove(caller->tenant, sha256);
    if (!removed) co_return std::move(removed).error();
    auto entry = identity::audit_by(*caller, client, "file.delete", "file/" + sha256.to_string());
    co_await audit_.append(std::move(entry));
    co_return Result<void>();
}

async::Task<Result<void>> FileService::refer(FileReference reference) {
    const auto good = check_holder(reference.holder);
    if (!good) co_return good.error();
    co_return co_await catalog_.refer(std::move(reference));
}

async::Task<Result<void>> FileService::release(FileReference reference) {
    co_return co_await catalog_.release(std::move(reference));
}

}  // namespace zs::files
