#include "adapters/localfs/local_blob_writer.hpp"

#include "adapters/localfs/crc32c.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace zs::localfs {
namespace {

// Written out as it comes, so that the sync at the end has little left to do.
constexpr std::uint64_t kPushBytes = 8 << 20;

}  // namespace

BlobDraft::~BlobDraft() {
    temporary_.file.close();
    if (!committed_) folder_->drop_temporary_blocking(temporary_.name);
}

Result<void> BlobDraft::append_blocking(std::string_view bytes) {
    hash_.update(bytes);
    sum(bytes);
    auto written = write_all_blocking(temporary_.file.fd(), bytes);
    if (!written) return written;
    written_ += bytes.size();
    return keep_the_disk_busy_blocking();
}

void BlobDraft::sum(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto size = std::min<std::uint64_t>(kBlockBytes - block_filled_, bytes.size());
        const auto part = bytes.substr(0, static_cast<std::size_t>(size));
        block_sum_ = crc32c(part, block_sum_);
        block_filled_ += size;
        bytes.remove_prefix(part.size());
        if (block_filled_ < kBlockBytes) continue;
        append_sum(sums_, block_sum_);
        block_sum_ = 0;
        block_filled_ = 0;
    }
}

Result<void> BlobDraft::keep_the_disk_busy_blocking() {
    if (written_ - pushed_ < kPushBytes) return {};
    auto room = folder_->check_room_blocking(0);
    if (!room) return room;
    // Only a hint: what fails here fails again in the sync, and is answered there.
    (void)::sync_file_range(temporary_.file.fd(), static_cast<off_t>(pushed_),
                            static_cast<off_t>(written_ - pushed_), SYNC_FILE_RANGE_WRITE);
    pushed_ = written_;
    return {};
}

Result<files::BlobInfo> BlobDraft::seal_blocking() {
    if (block_filled_ > 0) append_sum(sums_, block_sum_);
    auto written = write_all_blocking(temporary_.file.fd(), sums_ + make_trailer(written_));
    if (!written) return std::move(written).error();
    info_.sha256 = files::Digest::from_raw(hash_.finish());
    info_.size = written_;
    return info_;
}

Result<void> BlobDraft::commit_blocking() {
    if (::fdatasync(temporary_.file.fd()) != 0) return error_of_errno("fdatasync", errno);
    auto installed = folder_->install_blocking(temporary_.name, info_.sha256);
    if (!installed) return installed;
    committed_ = true;
    return {};
}

LocalBlobWriter::~LocalBlobWriter() {
    // Closing and unlinking wait for the disk: not on an io thread, unless the pool is full.
    auto drop = [draft = std::move(draft_)]() mutable { draft.reset(); };
    (void)pool_.try_post(std::move(drop));
}

async::Task<Result<void>> LocalBlobWriter::write(std::string bytes) {
    if (writing_.is_running()) {
        auto before = co_await writing_.take();
        if (!before) co_return std::move(before).error();
    }
    auto job = [draft = draft_, bytes = std::move(bytes)] { return draft->append_blocking(bytes); };
    writing_.start(std::move(job));
    co_return Result<void>();
}

async::Task<Result<files::BlobInfo>> LocalBlobWriter::seal() {
    if (writing_.is_running()) {
        auto before = co_await writing_.take();
        if (!before) co_return std::move(before).error();
    }
    auto job = [draft = draft_] { return draft->seal_blocking(); };
    co_return co_await pool_.run(std::move(job));
}

async::Task<Result<void>> LocalBlobWriter::commit() {
    auto job = [draft = draft_] { return draft->commit_blocking(); };
    co_return co_await pool_.run(std::move(job));
}

}  // namespace zs::localfs
