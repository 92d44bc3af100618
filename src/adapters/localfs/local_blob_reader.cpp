#include "adapters/localfs/local_blob_reader.hpp"

#include "adapters/localfs/crc32c.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace zs::localfs {

Result<std::shared_ptr<OpenBlob>> OpenBlob::open_blocking(File file) {
    struct stat found {};
    if (::fstat(file.fd(), &found) != 0) return error_of_errno("fstat", errno);
    const auto size = static_cast<std::uint64_t>(found.st_size);
    if (size < kTrailerBytes) return data_loss("a stored file is too short");
    std::string trailer(kTrailerBytes, '\0');
    auto read =
        read_exactly_blocking(file.fd(), size - kTrailerBytes, trailer.data(), trailer.size());
    if (!read) return std::move(read).error();
    auto content = read_trailer(trailer, size);
    if (!content) return std::move(content).error();
    return std::shared_ptr<OpenBlob>(new OpenBlob(std::move(file), *content));
}

Result<std::string> OpenBlob::read_blocking(std::uint64_t from, std::uint64_t to) {
    const std::uint64_t block = from / kBlockBytes;
    const std::uint64_t start = block * kBlockBytes;
    const std::uint64_t end = std::min(start + kBlockBytes, size_);
    std::string bytes(static_cast<std::size_t>(end - start), '\0');
    auto read = read_exactly_blocking(file_.fd(), start, bytes.data(), bytes.size());
    if (!read) return std::move(read).error();
    std::string sum(kSumBytes, '\0');
    read = read_exactly_blocking(file_.fd(), size_ + block * kSumBytes, sum.data(), sum.size());
    if (!read) return std::move(read).error();
    if (crc32c(bytes) != read_sum(sum)) return data_loss("stored bytes are damaged");
    bytes.resize(static_cast<std::size_t>(std::min(to, end) - start));
    bytes.erase(0, static_cast<std::size_t>(from - start));
    return bytes;
}

void OpenBlob::announce(std::uint64_t from, std::uint64_t to) {
    if (to - from < 4 * kBlockBytes) return;
    (void)::posix_fadvise(file_.fd(), static_cast<off_t>(from), static_cast<off_t>(to - from),
                          POSIX_FADV_SEQUENTIAL);
}

LocalBlobReader::LocalBlobReader(std::shared_ptr<OpenBlob> blob, files::BlobRange range,
                                 async::BlockingPool& pool)
    : blob_(std::move(blob)), pool_(pool), reading_(pool) {
    at_ = std::min(range.offset, blob_->size());
    end_ = at_ + std::min(range.length, blob_->size() - at_);
    blob_->announce(at_, end_);
}

LocalBlobReader::~LocalBlobReader() {
    // Closing the last descriptor of a removed file frees its blocks.
    auto drop = [blob = std::move(blob_)]() mutable { blob.reset(); };
    (void)pool_.try_post(std::move(drop));
}

void LocalBlobReader::start() {
    const auto to = std::min(end_, (at_ / kBlockBytes + 1) * kBlockBytes);
    auto job = [blob = blob_, from = at_, to] { return blob->read_blocking(from, to); };
    reading_.start(std::move(job));
    at_ = to;
}

async::Task<Result<bool>> LocalBlobReader::read(std::string& piece) {
    piece.clear();
    if (!reading_.is_running()) {
        if (at_ >= end_) co_return false;
        start();
    }
    auto bytes = co_await reading_.take();
    if (!bytes) co_return std::move(bytes).error();
    if (at_ < end_) start();
    piece = std::move(*bytes);
    co_return true;
}

}  // namespace zs::localfs
