#include "adapters/usearch/column_store.hpp"

#include "adapters/usearch/crc32c.hpp"

namespace zs::usearch {
namespace {

// Blocks that a file may have beyond twice as many as are in use.
constexpr std::size_t kWasteMin = 64;

}  // namespace

void ColumnStore::adopt(std::shared_ptr<const ColumnVectors> vectors, const ColumnImage& image,
                        std::shared_ptr<BlockFile> file, Placement placement) {
    vectors_ = std::move(vectors);
    file_ = std::move(file);
    blocks_ = image.blocks;
    kept_.clear();
    for (const StoredBlock& block : blocks_)
        kept_.insert(block.place);
    mapped_.clear();
    if (placement == Placement::Mapped) mapped_ = kept_;
    position_ = image.position;
    stored_ = true;
}

bool ColumnStore::is_wasteful(std::size_t blocks) const {
    return file_->blocks() > 2 * blocks + kWasteMin;
}

Result<bool> ColumnStore::begin(const std::shared_ptr<const ColumnVectors>& vectors,
                                std::size_t blocks) {
    put_.clear();
    next_ = 0;
    const bool goes_on = file_ && vectors_ == vectors && !is_wasteful(blocks);
    if (goes_on) return false;
    auto made = BlockFile::make_blocking(path_);
    if (!made) return std::move(made).error();
    old_file_ = std::move(file_);
    file_ = std::move(*made);
    vectors_ = vectors;
    blocks_.clear();
    kept_.clear();
    mapped_.clear();
    return true;
}

std::uint32_t ColumnStore::free_place() {
    while (kept_.contains(next_) || mapped_.contains(next_) || put_.contains(next_))
        ++next_;
    put_.insert(next_);
    return next_++;
}

// A block that is put again goes where it was put before.
Result<void> ColumnStore::put(std::size_t block, std::string_view bytes) {
    if (block >= blocks_.size()) blocks_.resize(block + 1, {kNoPlace, 0});
    StoredBlock& stored = blocks_[block];
    if (!put_.contains(stored.place)) stored.place = free_place();
    stored.checksum = crc32c(bytes);
    ++written_;
    return file_->write(stored.place, bytes);
}

Result<void> ColumnStore::finish(ColumnImage image) {
    image.blocks_name = file_->name();
    image.blocks = blocks_;
    auto stored = file_->sync();
    if (stored) stored = write_image_blocking(path_, image);
    if (!stored) return stored;
    kept_.clear();
    for (const StoredBlock& block : blocks_)
        kept_.insert(block.place);
    if (old_file_) old_file_->remove();
    old_file_.reset();
    position_ = image.position;
    stored_ = true;
    return {};
}

void ColumnStore::abandon() {
    if (file_ && old_file_) {
        file_->remove();
        file_ = std::move(old_file_);
    }
    // Whatever is stored stays as it is; the next state begins with a file of its own.
    vectors_.reset();
    put_.clear();
}

}  // namespace zs::usearch
