#pragma once

#include "adapters/usearch/column_file.hpp"
#include "adapters/usearch/mapped_memory.hpp"
#include "vector/top_k.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace zs::usearch {

// The place of one vector. A row that gets another vector gets another slot, so what a slot holds
// never changes while somebody may look at it.
using Slot = std::uint32_t;

// Where stored vectors go when they come back. Mapped: the file's pages, which are read as they are
// needed. Copied: memory in huge pages, which is what walking a graph wants.
enum class Placement { Mapped, Copied };

// The vectors of one column by slot, one behind the other, and which row each belongs to.
// Threading: many readers or one writer; values() of a slot in use may be read beside a writer.
class ColumnVectors {
public:
    // Errors: Exhausted.
    static Result<std::unique_ptr<ColumnVectors>> make(std::size_t dimensions);

    // What was stored. Errors: DataLoss when a block is not what it was; Exhausted.
    static Result<std::unique_ptr<ColumnVectors>> restore(ColumnImage& image, const BlockFile& file,
                                                          Placement placement);

    std::size_t dimensions() const { return dimensions_; }
    std::size_t slots() const { return row_ids_.size(); }  // dead and free ones included
    std::size_t alive() const { return slot_of_row_.size(); }

    const float* values(Slot slot) const {
        return reinterpret_cast<const float*>(memory_->data()) + slot * dimensions_;
    }
    std::span<const float> vector(Slot slot) const { return {values(slot), dimensions_}; }
    std::int64_t row_id(Slot slot) const { return row_ids_[slot]; }
    bool is_alive(Slot slot) const { return (alive_[slot / 64] >> (slot % 64) & 1U) != 0; }
    std::optional<Slot> find(std::int64_t row_id) const;
    const float* norms() const { return norms_.data(); }  // by slot
    // Bit i of word i / 64: slot i is a row's.
    std::span<const std::uint64_t> alive_words() const { return alive_; }
    // All slots as one block to scan; `filter` as alive_words().
    vector::VectorBlock block(std::span<const std::uint64_t> filter) const;

    // The row has no vector yet. Errors: Exhausted "too_many_vectors".
    Result<Slot> add(std::int64_t row_id, std::span<const float> values);
    // A slot of no row, for a node of a stored graph whose row is gone. Errors: as add().
    Result<Slot> add_dead(std::span<const float> values);
    // The slot that was the row's; its values stay until release().
    std::optional<Slot> remove(std::int64_t row_id);
    // A dead slot that nobody looks at any more; it may be used again.
    void release(Slot slot) { free_.push_back(slot); }

    std::size_t memory_bytes() const;

    // For storing: memory in blocks of kBlockBytes. The ones written to since the last call.
    std::size_t block_count() const;
    std::vector<std::size_t> take_changed_blocks();
    void copy_block(std::size_t block, std::byte* out) const;  // zeros where no slot is
    void describe(ColumnImage& image) const;

private:
    Result<void> load_blocks(const ColumnImage& image, const BlockFile& file, Placement placement);
    bool take_slots(ColumnImage& image);
    void note_change(Slot slot);
    Result<Slot> place(std::span<const float> values);

    ColumnVectors(std::size_t dimensions, std::unique_ptr<MappedMemory> memory)
        : dimensions_(dimensions), memory_(std::move(memory)) {}

    std::size_t dimensions_;
    std::unique_ptr<MappedMemory> memory_;
    std::vector<std::int64_t> row_ids_;
    std::vector<float> norms_;
    std::vector<std::uint64_t> alive_;
    std::vector<Slot> free_;
    std::vector<std::uint64_t> changed_blocks_;
    std::unordered_map<std::int64_t, Slot> slot_of_row_;
};

// Sets of slots, as words of 64 bits.
inline void set_bit(std::vector<std::uint64_t>& words, Slot slot) {
    const std::size_t word = slot / 64;
    if (word >= words.size()) words.resize(word + 1);
    words[word] |= std::uint64_t{1} << (slot % 64);
}
inline bool has_bit(std::span<const std::uint64_t> words, Slot slot) {
    const std::size_t word = slot / 64;
    return word < words.size() && (words[word] >> (slot % 64) & 1U) != 0;
}

}  // namespace zs::usearch
