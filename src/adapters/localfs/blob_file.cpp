#include "adapters/localfs/blob_file.hpp"

#include "adapters/localfs/crc32c.hpp"
#include "base/assert.hpp"
#include "base/log.hpp"
#include "core/files/blob_store.hpp"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace zs::localfs {
namespace {

constexpr std::uint32_t kMagic = 0x3142535A;  // "ZSB1"
constexpr std::uint32_t kVersion = 1;

void append_number(std::string& out, std::uint64_t number, int bytes) {
    for (int i = 0; i < bytes; ++i)
        out += static_cast<char>((number >> (8 * i)) & 0xFF);
}

std::uint64_t read_number(std::string_view bytes) {
    std::uint64_t number = 0;
    for (std::size_t i = bytes.size(); i > 0; --i)
        number = (number << 8) | static_cast<unsigned char>(bytes[i - 1]);
    return number;
}

}  // namespace

std::string make_trailer(std::uint64_t content_bytes) {
    std::string out;
    append_number(out, content_bytes, 8);
    append_number(out, kBlockBytes, 4);
    append_number(out, kVersion, 4);
    append_number(out, crc32c(out), 4);
    append_number(out, kMagic, 4);
    return out;
}

Result<std::uint64_t> read_trailer(std::string_view trailer, std::uint64_t size_of_file) {
    ZS_ASSERT(trailer.size() == kTrailerBytes);
    const std::uint64_t content = read_number(trailer.substr(0, 8));
    const bool sound = read_number(trailer.substr(20)) == kMagic
                       && read_number(trailer.substr(16, 4)) == crc32c(trailer.substr(0, 16))
                       && read_number(trailer.substr(8, 4)) == kBlockBytes
                       && read_number(trailer.substr(12, 4)) == kVersion && content <= size_of_file
                       && file_bytes(content) == size_of_file;
    if (!sound) return data_loss("a stored file does not end as it must");
    return content;
}

void append_sum(std::string& out, std::uint32_t sum) {
    append_number(out, sum, kSumBytes);
}

std::uint32_t read_sum(std::string_view bytes) {
    return static_cast<std::uint32_t>(read_number(bytes.substr(0, kSumBytes)));
}

File& File::operator=(File&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

bool File::close() {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 || ::close(fd) == 0;
}

Error error_of_errno(std::string_view what, int error) {
    // EFBIG: the process may not write files of this size.
    if (error == ENOSPC || error == EDQUOT || error == EFBIG) return files::storage_full();
    log::error("the file store failed", {{"call", what}, {"reason", std::strerror(error)}});
    if (error == EIO) return data_loss("the disk cannot read or write a stored file");
    return unavailable("the file store does not answer as it should; the log says why");
}

Result<void> write_all_blocking(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t done = ::write(fd, bytes.data(), bytes.size());
        if (done < 0) {
            if (errno == EINTR) continue;
            return error_of_errno("write", errno);
        }
        bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return {};
}

Result<void> read_exactly_blocking(int fd, std::uint64_t offset, char* to, std::size_t size) {
    while (size > 0) {
        const ssize_t done = ::pread(fd, to, size, static_cast<off_t>(offset));
        if (done == 0) return data_loss("a stored file is shorter than it was");
        if (done < 0) {
            if (errno == EINTR) continue;
            return error_of_errno("pread", errno);
        }
        to += done;
        offset += static_cast<std::uint64_t>(done);
        size -= static_cast<std::size_t>(done);
    }
    return {};
}

}  // namespace zs::localfs
