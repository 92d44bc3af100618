#pragma once

#include "adapters/usearch/stored_file.hpp"
#include "base/error.hpp"
#include "core/data/change_capture.hpp"
#include "core/data/vector_index.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::usearch {

// The vectors of a column on disk are two files; README.md has their form. The blocks lie in one,
// in any order; the other one, replaced as a whole, says which block is where and what it holds. A
// block that it names is never written again, so a crash leaves the old state or the new one.
inline constexpr std::size_t kBlockBytes = std::size_t{256} << 10;

inline constexpr std::uint32_t kNoPlace = 0xFFFF'FFFF;

struct StoredBlock {
    std::uint32_t place = 0;  // in the file, in blocks
    std::uint32_t checksum = 0;
};

// What the second file says.
struct ColumnImage {
    data::VectorColumn column;
    std::size_t dimensions = 0;
    std::optional<data::ChangeMark> position;  // which commits are in it; empty: unknown
    std::string blocks_name;
    std::vector<StoredBlock> blocks;
    std::vector<std::int64_t> row_ids;  // by slot
    std::vector<float> norms;
    std::vector<std::uint64_t> alive;
    std::vector<std::int64_t> bad_rows;
};

// Errors: Unavailable.
Result<void> write_image_blocking(const std::string& path, const ColumnImage& image);
// Empty: there is none. Errors: DataLoss when it is damaged or of another version.
Result<std::optional<ColumnImage>> read_image_blocking(const std::string& path);
// Both files.
void remove_column_files_blocking(const std::string& path);

// The file of the blocks.
// Lifetime: open until it is destroyed; the file stays. Threading: one at a time.
class BlockFile {
public:
    // A new and empty one beside `path`, under a name of its own. Errors: Unavailable.
    static Result<std::shared_ptr<BlockFile>> make_blocking(const std::string& path);
    // Errors: DataLoss when it is missing.
    static Result<std::shared_ptr<BlockFile>> open_blocking(const std::string& path,
                                                            const std::string& name);
    ~BlockFile();
    BlockFile(const BlockFile&) = delete;
    BlockFile& operator=(const BlockFile&) = delete;

    const std::string& name() const { return name_; }
    int fd() const { return fd_; }
    std::size_t blocks() const { return blocks_; }  // that the file has room for
    Result<void> write(std::size_t place, std::string_view block);
    // Errors: DataLoss.
    Result<void> read(std::size_t place, std::byte* out) const;
    Result<void> sync();
    void remove();

private:
    BlockFile(std::string path, std::string name, int fd, std::size_t blocks)
        : path_(std::move(path)), name_(std::move(name)), fd_(fd), blocks_(blocks) {}
    std::string path_;
    std::string name_;
    int fd_;
    std::size_t blocks_;
};

}  // namespace zs::usearch
