#include "adapters/usearch/column_vectors.hpp"

#include "adapters/usearch/crc32c.hpp"
#include "adapters/usearch/limits.hpp"
#include "base/assert.hpp"
#include "vector/kernels.hpp"

#include <algorithm>
#include <cstring>

namespace zs::usearch {

Result<std::unique_ptr<ColumnVectors>> ColumnVectors::make(std::size_t dimensions) {
    ZS_ASSERT(dimensions > 0);
    auto memory = MappedMemory::reserve(limits::kColumnBytesMax);
    if (!memory) return std::move(memory).error();
    return std::unique_ptr<ColumnVectors>(new ColumnVectors(dimensions, std::move(*memory)));
}

std::optional<Slot> ColumnVectors::find(std::int64_t row_id) const {
    const auto found = slot_of_row_.find(row_id);
    if (found == slot_of_row_.end()) return std::nullopt;
    return found->second;
}

vector::VectorBlock ColumnVectors::block(std::span<const std::uint64_t> filter) const {
    vector::VectorBlock block;
    block.data = memory_->data();
    block.count = slots();
    block.norms = norms_;
    block.filter = filter;
    return block;
}

Result<Slot> ColumnVectors::place(std::span<const float> values) {
    ZS_ASSERT(values.size() == dimensions_);
    const bool reuses = !free_.empty();
    if (!reuses && slots() >= limits::kSlotsMax) {
        return exhausted("a column holds at most " + std::to_string(limits::kSlotsMax) + " vectors",
                         "too_many_vectors");
    }
    const Slot slot = reuses ? free_.back() : static_cast<Slot>(slots());
    if (reuses) {
        free_.pop_back();
    } else {
        auto grown = memory_->grow_to((slots() + 1) * dimensions_ * sizeof(float));
        if (!grown) return std::move(grown).error();
        row_ids_.push_back(0);
        norms_.push_back(0);
        if (slot / 64 >= alive_.size()) alive_.push_back(0);
    }
    std::memcpy(memory_->data() + slot * dimensions_ * sizeof(float), values.data(),
                dimensions_ * sizeof(float));
    norms_[slot] = vector::norm(vector::Scalar::F32, values.data(), dimensions_);
    note_change(slot);
    return slot;
}

Result<Slot> ColumnVectors::add(std::int64_t row_id, std::span<const float> values) {
    const auto slot = place(values);
    if (!slot) return slot;
    row_ids_[*slot] = row_id;
    alive_[*slot / 64] |= std::uint64_t{1} << (*slot % 64);
    const bool is_new = slot_of_row_.emplace(row_id, *slot).second;
    ZS_ASSERT(is_new);
    return slot;
}

Result<Slot> ColumnVectors::add_dead(std::span<const float> values) {
    return place(values);
}

void ColumnVectors::note_change(Slot slot) {
    const std::size_t bytes = dimensions_ * sizeof(float);
    const std::size_t first = slot * bytes / kBlockBytes;
    const std::size_t last = ((slot + 1) * bytes - 1) / kBlockBytes;
    for (std::size_t block = first; block <= last; ++block)
        set_bit(changed_blocks_, static_cast<Slot>(block));
}

std::optional<Slot> ColumnVectors::remove(std::int64_t row_id) {
    const auto found = slot_of_row_.find(row_id);
    if (found == slot_of_row_.end()) return std::nullopt;
    const Slot slot = found->second;
    slot_of_row_.erase(found);
    alive_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    return slot;
}

std::size_t ColumnVectors::memory_bytes() const {
    constexpr std::size_t map_entry = 40;  // key, slot, links, its part of the table
    return memory_->bytes() + row_ids_.capacity() * sizeof(std::int64_t)
           + norms_.capacity() * sizeof(float) + alive_.capacity() * sizeof(std::uint64_t)
           + slot_of_row_.size() * map_entry;
}

std::size_t ColumnVectors::block_count() const {
    return (slots() * dimensions_ * sizeof(float) + kBlockBytes - 1) / kBlockBytes;
}

std::vector<std::size_t> ColumnVectors::take_changed_blocks() {
    std::vector<std::size_t> out;
    for (std::size_t block = 0; block < block_count(); ++block) {
        if (has_bit(changed_blocks_, static_cast<Slot>(block))) out.push_back(block);
    }
    changed_blocks_.clear();
    return out;
}

void ColumnVectors::copy_block(std::size_t block, std::byte* out) const {
    const std::size_t begin = block * kBlockBytes;
    const std::size_t end = std::min(begin + kBlockBytes, slots() * dimensions_ * sizeof(float));
    std::memcpy(out, memory_->data() + begin, end - begin);
    std::memset(out + (end - begin), 0, kBlockBytes - (end - begin));
}

void ColumnVectors::describe(ColumnImage& image) const {
    image.dimensions = dimensions_;
    image.row_ids = row_ids_;
    image.norms = norms_;
    image.alive = alive_;
}

Result<std::unique_ptr<ColumnVectors>> ColumnVectors::restore(ColumnImage& image,
                                                              const BlockFile& file,
                                                              Placement placement) {
    auto made = make(image.dimensions);
    if (!made) return made;
    auto loaded = (*made)->load_blocks(image, file, placement);
    if (!loaded) return std::move(loaded).error();
    if (!(*made)->take_slots(image)) return data_loss("the stored vectors are damaged");
    return made;
}

// Blocks that lie one behind the other in the file are mapped in one piece.
Result<void> ColumnVectors::load_blocks(const ColumnImage& image, const BlockFile& file,
                                        Placement placement) {
    const auto& blocks = image.blocks;
    auto grown = memory_->grow_to(blocks.size() * kBlockBytes);
    if (!grown) return grown;
    for (std::size_t i = 0; i < blocks.size();) {
        std::size_t end = i + 1;
        while (end < blocks.size() && blocks[end].place == blocks[i].place + (end - i))
            ++end;
        if (blocks[i].place + (end - i) > file.blocks()) {
            return data_loss("the stored vectors are damaged");
        }
        if (placement == Placement::Mapped) {
            auto mapped = memory_->map_file(i * kBlockBytes, file.fd(),
                                            blocks[i].place * kBlockBytes, (end - i) * kBlockBytes);
            if (!mapped) return mapped;
        }
        for (; i < end; ++i) {
            std::byte* const at = memory_->data() + i * kBlockBytes;
            if (placement == Placement::Copied) {
                auto read = file.read(blocks[i].place, at);
                if (!read) return read;
            }
            const std::string_view bytes(reinterpret_cast<const char*>(at), kBlockBytes);
            if (crc32c(bytes) != blocks[i].checksum) {
                return data_loss("the stored vectors are damaged");
            }
        }
    }
    return {};
}

// False: they contradict each other.
bool ColumnVectors::take_slots(ColumnImage& image) {
    row_ids_ = std::move(image.row_ids);
    norms_ = std::move(image.norms);
    alive_ = std::move(image.alive);
    slot_of_row_.reserve(row_ids_.size());
    for (std::size_t slot = 0; slot < alive_.size() * 64; ++slot) {
        const bool alive = has_bit(alive_, static_cast<Slot>(slot));
        if (slot >= row_ids_.size()) {
            if (alive) return false;
        } else if (!alive) {
            free_.push_back(static_cast<Slot>(slot));
        } else if (!slot_of_row_.emplace(row_ids_[slot], static_cast<Slot>(slot)).second) {
            return false;
        }
    }
    return true;
}

}  // namespace zs::usearch
