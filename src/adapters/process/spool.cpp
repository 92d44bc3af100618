#include "adapters/process/spool.hpp"

#include "adapters/process/limits.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>

namespace zs::process {

namespace {

Error damaged() {
    return data_loss("the spool of the attempt is damaged");
}

std::string path_of(const std::string& folder) {
    return folder + "/spool";
}

bool write_all(int fd, std::uint64_t offset, const char* from, std::size_t size) {
    while (size > 0) {
        const ssize_t wrote = ::pwrite(fd, from, size, static_cast<off_t>(offset));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        from += wrote;
        offset += static_cast<std::uint64_t>(wrote);
        size -= static_cast<std::size_t>(wrote);
    }
    return true;
}

bool read_all(int fd, std::uint64_t offset, char* to, std::size_t size) {
    while (size > 0) {
        const ssize_t got = ::pread(fd, to, size, static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        to += got;
        offset += static_cast<std::uint64_t>(got);
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

}  // namespace

Result<void> create_spool_blocking(const std::string& folder, const SpoolHead& head) {
    const Descriptor file(
        ::open(path_of(folder).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    std::string page(kSpoolHeadBytes, '\0');
    std::memcpy(page.data(), &head, sizeof head);
    if (!file || !write_all(file.get(), 0, page.data(), page.size())) {
        return unavailable(std::string("cannot write the spool of an attempt: ")
                           + std::strerror(errno));
    }
    return {};
}

Result<SpoolWriter> SpoolWriter::open(const std::string& folder) {
    Descriptor file(::open(path_of(folder).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!file) return not_found("no spool");
    // The page was written before, so touching it never finds the disk full.
    void* page =
        ::mmap(nullptr, kSpoolHeadBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (page == MAP_FAILED) return unavailable("cannot map the spool");
    return SpoolWriter(std::move(file), static_cast<SpoolHead*>(page));
}

SpoolWriter::SpoolWriter(SpoolWriter&& other) noexcept
    : file_(std::move(other.file_)),
      head_(std::exchange(other.head_, nullptr)),
      acknowledged_(other.acknowledged_) {}

SpoolWriter::~SpoolWriter() {
    if (head_ != nullptr) ::munmap(head_, kSpoolHeadBytes);
}

bool SpoolWriter::has_room(std::size_t bytes) const {
    return head_->written - acknowledged_ + sizeof(RecordHead) + bytes <= limits::kSpoolBytes;
}

bool SpoolWriter::write_at(std::uint64_t offset, const char* from, std::size_t size) const {
    const std::uint64_t at = offset % limits::kSpoolBytes;
    const auto first =
        static_cast<std::size_t>(std::min<std::uint64_t>(size, limits::kSpoolBytes - at));
    return write_all(file_.get(), kSpoolHeadBytes + at, from, first)
           && write_all(file_.get(), kSpoolHeadBytes, from + first, size - first);
}

bool SpoolWriter::append(RecordKind kind, std::string_view bytes, std::int64_t unix_ms) {
    RecordHead record;
    record.bytes = static_cast<std::uint32_t>(bytes.size());
    record.kind = kind;
    record.unix_ms = unix_ms;
    std::string whole(sizeof record + bytes.size(), '\0');
    std::memcpy(whole.data(), &record, sizeof record);
    std::memcpy(whole.data() + sizeof record, bytes.data(), bytes.size());
    if (!write_at(head_->written, whole.data(), whole.size())) return false;
    std::atomic_ref(head_->written).store(head_->written + whole.size(), std::memory_order_release);
    return true;
}

void SpoolWriter::acknowledge(std::uint64_t offset) {
    if (offset > acknowledged_ && offset <= head_->written) acknowledged_ = offset;
}

void SpoolWriter::end(const AttemptEnd& end) {
    head_->end = end;
    std::atomic_ref(head_->ended).store(1, std::memory_order_release);
}

Result<SpoolReader> SpoolReader::open_blocking(const std::string& folder) {
    Descriptor file(::open(path_of(folder).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) return not_found("no spool");
    SpoolReader reader(std::move(file));
    auto head = reader.head_blocking();
    if (!head) return head.error();
    return reader;
}

Result<SpoolHead> SpoolReader::head_blocking() const {
    SpoolHead head;
    if (!read_all(file_.get(), 0, reinterpret_cast<char*>(&head), sizeof head)) return damaged();
    // Once it has ended, a second look sees everything that was written before.
    if (head.ended != 0 && !read_all(file_.get(), 0, reinterpret_cast<char*>(&head), sizeof head)) {
        return damaged();
    }
    if (head.magic != kSpoolMagic) return damaged();
    head.boot_id[sizeof head.boot_id - 1] = '\0';
    return head;
}

Result<std::string> SpoolReader::read_blocking(std::uint64_t from, std::uint64_t written,
                                               std::size_t size) const {
    if (from > written || written - from > limits::kSpoolBytes) return damaged();
    std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(size, written - from)),
                      '\0');
    const std::uint64_t at = from % limits::kSpoolBytes;
    const auto first =
        static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), limits::kSpoolBytes - at));
    if (!read_all(file_.get(), kSpoolHeadBytes + at, bytes.data(), first)
        || !read_all(file_.get(), kSpoolHeadBytes, bytes.data() + first, bytes.size() - first)) {
        return damaged();
    }
    return bytes;
}

Result<bool> take_record(std::string_view& bytes, SpoolRecord& record) {
    if (bytes.size() < sizeof(RecordHead)) return false;
    RecordHead head;
    std::memcpy(&head, bytes.data(), sizeof head);
    const bool known = head.kind == RecordKind::Stdout || head.kind == RecordKind::Stderr
                       || head.kind == RecordKind::Note;
    if (!known || head.bytes > limits::kRecordBytesMax) return damaged();
    if (bytes.size() - sizeof head < head.bytes) return false;
    record.kind = head.kind;
    record.unix_ms = head.unix_ms;
    record.bytes = bytes.substr(sizeof head, head.bytes);
    bytes.remove_prefix(sizeof head + head.bytes);
    return true;
}

}  // namespace zs::process
