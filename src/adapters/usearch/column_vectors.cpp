#include "adapters/usearch/column_vectors.hpp"

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

}  // namespace zs::usearch
