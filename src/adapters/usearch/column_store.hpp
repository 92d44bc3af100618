#pragma once

#include "adapters/usearch/column_file.hpp"
#include "adapters/usearch/column_vectors.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zs::usearch {

// Which blocks of a column's memory are on disk, and where. Blocks that the last complete state
// names, or that memory is mapped from, are not written to; a file that has become mostly waste is
// left for a new one.
// Threading: one at a time.
class ColumnStore {
public:
    explicit ColumnStore(std::string path) : path_(std::move(path)) {}

    // What is there belongs to `vectors` from here on.
    void adopt(std::shared_ptr<const ColumnVectors> vectors, const ColumnImage& image,
               std::shared_ptr<BlockFile> file, Placement placement);

    // A new state of `vectors`. True: every block has to be put, whatever changed.
    Result<bool> begin(const std::shared_ptr<const ColumnVectors>& vectors, std::size_t blocks);
    Result<void> put(std::size_t block, std::string_view bytes);
    // The new state is complete and becomes the stored one.
    Result<void> finish(ColumnImage image);
    // What was begun is not finished; the next state needs every block.
    void abandon();

    // The position of what is stored now.
    const std::optional<data::ChangeMark>& position() const { return position_; }
    bool is_stored() const { return stored_; }
    std::size_t blocks_written() const { return written_; }

private:
    std::uint32_t free_place();
    bool is_wasteful(std::size_t blocks) const;

    std::string path_;
    std::shared_ptr<const ColumnVectors> vectors_;
    std::shared_ptr<BlockFile> file_;
    std::shared_ptr<BlockFile> old_file_;  // of the last complete state, when that is another one
    std::vector<StoredBlock> blocks_;      // of the state that is being put
    std::set<std::uint32_t> kept_;         // places of the last complete state
    std::set<std::uint32_t> mapped_;
    std::set<std::uint32_t> put_;
    std::uint32_t next_ = 0;
    std::optional<data::ChangeMark> position_;
    bool stored_ = false;
    std::size_t written_ = 0;
};

}  // namespace zs::usearch
