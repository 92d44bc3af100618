#include "core/files/memory_blob_store.hpp"

#include "base/assert.hpp"
#include "base/hash.hpp"
#include "core/files/limits.hpp"

#include <algorithm>

namespace zs::files {
namespace {

class MemoryBlobReader final : public BlobReader {
public:
    MemoryBlobReader(Digest blob, std::shared_ptr<const std::string> bytes, BlobRange range)
        : blob_(blob), bytes_(std::move(bytes)) {
        at_ = static_cast<std::size_t>(std::min<std::uint64_t>(range.offset, bytes_->size()));
        end_ =
            at_
            + static_cast<std::size_t>(std::min<std::uint64_t>(range.length, bytes_->size() - at_));
    }
    async::Task<Result<bool>> read(std::string& piece) override {
        piece.clear();
        if (sha256(*bytes_) != blob_.raw()) co_return data_loss("stored bytes are damaged");
        piece = bytes_->substr(at_, std::min(kPieceBytes, end_ - at_));
        at_ += piece.size();
        co_return !piece.empty();
    }

private:
    const Digest blob_;
    std::shared_ptr<const std::string> bytes_;
    std::size_t at_ = 0;
    std::size_t end_ = 0;
};

}  // namespace

class MemoryBlobWriter final : public BlobWriter {
public:
    explicit MemoryBlobWriter(std::shared_ptr<MemoryBlobStore::Shelf> shelf)
        : shelf_(std::move(shelf)) {}
    ~MemoryBlobWriter() override {
        const std::lock_guard lock(shelf_->mutex);
        --shelf_->writers;
    }
    async::Task<Result<void>> write(std::string bytes) override {
        bytes_ += bytes;
        if (bytes_.size() > shelf_->bytes_max) co_return storage_full();
        co_return Result<void>();
    }
    async::Task<Result<BlobInfo>> seal() override {
        info_.sha256 = Digest::from_raw(sha256(bytes_));
        info_.size = bytes_.size();
        co_return info_;
    }
    async::Task<Result<void>> commit() override {
        const std::lock_guard lock(shelf_->mutex);
        shelf_->blobs[info_.sha256] = std::make_shared<const std::string>(std::move(bytes_));
        co_return Result<void>();
    }

private:
    std::shared_ptr<MemoryBlobStore::Shelf> shelf_;
    std::string bytes_;
    BlobInfo info_;
};

async::Task<Result<std::unique_ptr<BlobWriter>>> MemoryBlobStore::create(
    std::optional<std::uint64_t> size) {
    const std::lock_guard lock(shelf_->mutex);
    if (size.value_or(0) > shelf_->bytes_max) co_return storage_full();
    ++shelf_->writers;
    co_return std::make_unique<MemoryBlobWriter>(shelf_);
}

async::Task<Result<std::unique_ptr<BlobReader>>> MemoryBlobStore::open(Digest blob,
                                                                       BlobRange range) {
    const std::lock_guard lock(shelf_->mutex);
    const auto found = shelf_->blobs.find(blob);
    if (found == shelf_->blobs.end()) co_return no_such_blob();
    co_return std::make_unique<MemoryBlobReader>(blob, found->second, range);
}

async::Task<Result<std::optional<std::uint64_t>>> MemoryBlobStore::stat(Digest blob) {
    const std::lock_guard lock(shelf_->mutex);
    const auto found = shelf_->blobs.find(blob);
    if (found == shelf_->blobs.end()) co_return std::optional<std::uint64_t>();
    co_return std::optional<std::uint64_t>(found->second->size());
}

async::Task<Result<void>> MemoryBlobStore::remove(Digest blob) {
    const std::lock_guard lock(shelf_->mutex);
    shelf_->blobs.erase(blob);
    co_return Result<void>();
}

async::Task<Result<std::vector<Digest>>> MemoryBlobStore::list(std::optional<Digest> after,
                                                               std::size_t limit) {
    const std::lock_guard lock(shelf_->mutex);
    std::vector<Digest> out;
    auto at = after ? shelf_->blobs.upper_bound(*after) : shelf_->blobs.begin();
    for (; at != shelf_->blobs.end() && out.size() < limit; ++at)
        out.push_back(at->first);
    co_return out;
}

async::Task<Result<BlobInfo>> MemoryBlobStore::rehash(Digest blob) {
    const std::lock_guard lock(shelf_->mutex);
    const auto found = shelf_->blobs.find(blob);
    if (found == shelf_->blobs.end()) co_return no_such_blob();
    BlobInfo info;
    info.sha256 = Digest::from_raw(sha256(*found->second));
    info.size = found->second->size();
    co_return info;
}

void MemoryBlobStore::damage(Digest blob) {
    const std::lock_guard lock(shelf_->mutex);
    auto& bytes = shelf_->blobs.at(blob);
    std::string changed = *bytes;
    ZS_ASSERT(!changed.empty());
    changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
    bytes = std::make_shared<const std::string>(std::move(changed));
}

void MemoryBlobStore::set_bytes_max(std::uint64_t bytes) {
    const std::lock_guard lock(shelf_->mutex);
    shelf_->bytes_max = bytes;
}

std::size_t MemoryBlobStore::writers() const {
    const std::lock_guard lock(shelf_->mutex);
    return shelf_->writers;
}

}  // namespace zs::files
