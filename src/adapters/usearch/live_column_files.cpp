#include "adapters/usearch/limits.hpp"
#include "adapters/usearch/live_column.hpp"

#include <algorithm>
#include <shared_mutex>

// A column's vectors on their way to the disk and back.
namespace zs::usearch {
namespace {

// Blocks that may have changed again while others were written, and are copied under the lock in
// the end; and how often they are written once more to become so few.
constexpr std::size_t kLastBlocksMax = 16;
constexpr int kPassesMax = 8;

}  // namespace

Result<void> LiveColumn::load_blocking(Placement placement) {
    if (path_.empty()) return {};
    const std::lock_guard storing(storing_);
    std::size_t declared = 0;
    {
        const std::shared_lock hold(mutex_);
        if (vectors_) return {};
        declared = shape_.names.dimensions;
    }
    auto image = read_image_blocking(path_);
    if (image && !*image) return {};
    std::shared_ptr<BlockFile> file;
    Result<std::shared_ptr<ColumnVectors>> vectors = std::shared_ptr<ColumnVectors>();
    if (image) {
        auto opened = BlockFile::open_blocking(path_, (*image)->blocks_name);
        if (opened) {
            file = std::move(*opened);
            auto restored = ColumnVectors::restore(**image, *file, placement);
            if (restored) {
                vectors = std::shared_ptr<ColumnVectors>(std::move(*restored));
            } else {
                vectors = std::move(restored).error();
            }
        } else {
            vectors = std::move(opened).error();
        }
    } else {
        vectors = std::move(image).error();
    }
    const bool other_size = vectors && declared != 0 && declared != (*vectors)->dimensions();
    if (!vectors || other_size) {
        remove_column_files_blocking(path_);
        if (other_size) return {};
        return std::move(vectors).error();
    }
    const std::unique_lock hold(mutex_);
    if (vectors_) return {};
    vectors_ = *vectors;
    bad_rows_.insert((*image)->bad_rows.begin(), (*image)->bad_rows.end());
    position_ = (*image)->position;
    changed_ = 0;
    store_.adopt(*vectors, **image, std::move(file), placement);
    return {};
}

std::optional<data::ChangeMark> LiveColumn::position() const {
    const std::shared_lock hold(mutex_);
    return position_;
}

std::optional<data::ChangeMark> LiveColumn::stored_position() const {
    const std::lock_guard storing(storing_);
    return store_.position();
}

bool LiveColumn::wants_store() const {
    if (path_.empty() || !is_current()) return false;
    std::size_t rows = 0;
    std::size_t changed = 0;
    bool position_lost = false;
    {
        const std::shared_lock hold(mutex_);
        if (!vectors_) return false;
        position_lost = !position_;
        rows = vectors_->alive();
        changed = changed_;
    }
    const std::lock_guard storing(storing_);
    if (!store_.is_stored()) return rows >= limits::kStoredRowsMin;
    if (position_lost) return true;
    return changed >= limits::kUnsavedMin
           && static_cast<double>(changed) >= limits::kUnsavedShare * static_cast<double>(rows);
}

Result<void> LiveColumn::store_blocking(std::optional<data::ChangeMark> followed) {
    if (path_.empty()) return {};
    const std::lock_guard storing(storing_);
    std::shared_ptr<ColumnVectors> vectors;
    std::size_t blocks = 0;
    {
        const std::shared_lock hold(mutex_);
        if (!vectors_) return {};
        vectors = vectors_;
        blocks = vectors->block_count();
    }
    auto everything = store_.begin(vectors, blocks);
    if (!everything) return std::move(everything).error();
    auto image = put_changes_blocking(vectors, followed, *everything);
    Result<void> stored;
    if (image && *image) {
        stored = store_.finish(std::move(**image));
    } else if (!image) {
        stored = std::move(image).error();
    }
    blocks_written_ = store_.blocks_written();
    if (stored && *image) return {};
    store_.abandon();
    return stored;
}

// A slot's values do not change, but another row may get the slot of one that went: then its block
// is changed again, and put again. What is put last is copied together with the slots' rows.
// Empty: the column has to be read first.
Result<std::optional<ColumnImage>> LiveColumn::put_changes_blocking(
    const std::shared_ptr<ColumnVectors>& vectors, std::optional<data::ChangeMark> followed,
    bool everything) {
    std::vector<std::byte> copies;
    std::vector<std::size_t> blocks;
    ColumnImage image;
    for (int pass = 0;; ++pass) {
        {
            const std::unique_lock hold(mutex_);
            if (!drain_locked() || vectors_ != vectors) return std::optional<ColumnImage>();
            blocks = vectors->take_changed_blocks();
            if (pass == 0 && everything) {
                blocks.resize(vectors->block_count());
                for (std::size_t i = 0; i < blocks.size(); ++i)
                    blocks[i] = i;
            }
            if (blocks.size() <= kLastBlocksMax || pass == kPassesMax) {
                if (!position_) position_ = followed;
                image.position = position_;
                image.column = id_;
                vectors->describe(image);
                image.bad_rows.assign(bad_rows_.begin(), bad_rows_.end());
                copies.resize(blocks.size() * kBlockBytes);
                for (std::size_t i = 0; i < blocks.size(); ++i)
                    vectors->copy_block(blocks[i], copies.data() + i * kBlockBytes);
                changed_ = 0;
                break;
            }
        }
        auto put = put_blocks_blocking(*vectors, blocks);
        if (!put) return std::move(put).error();
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const auto* at = reinterpret_cast<const char*>(copies.data() + i * kBlockBytes);
        auto put = store_.put(blocks[i], {at, kBlockBytes});
        if (!put) return std::move(put).error();
    }
    return std::optional<ColumnImage>(std::move(image));
}

Result<void> LiveColumn::put_blocks_blocking(const ColumnVectors& vectors,
                                             const std::vector<std::size_t>& blocks) {
    std::vector<std::byte> copy(kBlockBytes);
    for (const std::size_t block : blocks) {
        {
            const std::shared_lock hold(mutex_);
            vectors.copy_block(block, copy.data());
        }
        auto put = store_.put(block, {reinterpret_cast<const char*>(copy.data()), copy.size()});
        if (!put) return put;
    }
    return {};
}

void LiveColumn::remove_files_blocking() {
    if (path_.empty()) return;
    const std::lock_guard storing(storing_);
    store_ = ColumnStore(path_);
    remove_column_files_blocking(path_);
}

void LiveColumn::name_index(std::string name) {
    {
        const std::shared_lock hold(mutex_);
        if (index_name_ == name) return;
    }
    const std::unique_lock hold(mutex_);
    index_name_ = std::move(name);
}

std::string LiveColumn::index_name() const {
    const std::shared_lock hold(mutex_);
    return index_name_;
}

}  // namespace zs::usearch
