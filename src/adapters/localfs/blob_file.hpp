#pragma once

#include "base/error.hpp"
#include "core/files/limits.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace zs::localfs {

// How a blob lies in its file: the bytes, then a CRC-32C for each block of them, then a trailer
// that says how many bytes there are. A read checks each block it hands out.
//
//     content | crc of block 0 | crc of block 1 | … | trailer (kTrailerBytes)
//
// Numbers are little-endian. Trailer: content bytes (8), block bytes (4), version (4), CRC-32C of
// these (4), magic (4).
inline constexpr std::uint64_t kBlockBytes = files::kPieceBytes;
inline constexpr std::size_t kTrailerBytes = 24;
inline constexpr std::size_t kSumBytes = 4;

inline std::uint64_t block_count(std::uint64_t content_bytes) {
    return (content_bytes + kBlockBytes - 1) / kBlockBytes;
}
// Of the whole file.
inline std::uint64_t file_bytes(std::uint64_t content_bytes) {
    return content_bytes + block_count(content_bytes) * kSumBytes + kTrailerBytes;
}

std::string make_trailer(std::uint64_t content_bytes);
// The content's size. Errors: DataLoss when it is no trailer of a file of `size_of_file` bytes.
Result<std::uint64_t> read_trailer(std::string_view trailer, std::uint64_t size_of_file);
void append_sum(std::string& out, std::uint32_t sum);
std::uint32_t read_sum(std::string_view bytes);

// A file descriptor that is closed with its owner.
class File {
public:
    File() = default;
    explicit File(int fd) : fd_(fd) {}
    File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    File& operator=(File&& other) noexcept;
    ~File() { close(); }

    int fd() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }
    // False, with errno set, when the last writes failed.
    bool close();

private:
    int fd_ = -1;
};

// What `errno` means for a store: "storage_full" when there is no room, else Unavailable, or
// DataLoss for bytes that the disk cannot read.
Error error_of_errno(std::string_view what, int error);

// Errors: as error_of_errno.
Result<void> write_all_blocking(int fd, std::string_view bytes);
// Exactly `size` bytes. Errors: DataLoss when the file ends before.
Result<void> read_exactly_blocking(int fd, std::uint64_t offset, char* to, std::size_t size);

}  // namespace zs::localfs
