#pragma once

#include "adapters/process/descriptor.hpp"
#include "adapters/process/process_mark.hpp"
#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace zs::process {

// How an attempt ended, as the shim saw it.
struct AttemptEnd {
    std::int32_t wait_status = 0;  // of the main process, as wait(2) gives it
    std::int32_t spawn_errno = 0;  // not 0: nothing ever ran
    std::uint32_t spawn_step = 0;  // ChildStep
    std::uint8_t timed_out = 0;
    std::uint8_t stopped = 0;     // the server asked for the end before the process ended by itself
    std::uint8_t oom_killed = 0;  // the kernel says so, of the attempt's cgroup
    std::uint8_t cut = 0;         // the last output found no room, or no end
    std::int64_t unix_ms = 0;
};

// The first page of a spool. Written by the shim but for what the server knows beforehand; read by
// the server, also by one that was started later. Native byte order: one machine, one boot.
struct SpoolHead {
    std::uint64_t magic = 0;
    std::uint64_t token = 0;
    std::uint64_t lines_before = 0;  // log entries that the job had when the attempt began
    std::uint32_t attempt = 0;
    std::uint32_t ended = 0;  // `end` holds, and `written` grows no more
    AttemptEnd end;
    std::uint64_t written = 0;  // bytes of records ever written
    std::int32_t shim_pid = 0;
    std::int32_t child_pid = 0;  // and process group, and session
    std::uint64_t shim_start = 0;
    std::uint64_t child_start = 0;
    char boot_id[40] = {};

    ProcessMark shim() const { return {shim_pid, shim_start}; }
    ProcessMark child() const { return {child_pid, child_start}; }
};
static_assert(std::is_trivially_copyable_v<SpoolHead>);

inline constexpr std::uint64_t kSpoolMagic = 0x7a73'7370'6f6f'6c31;  // "zsspool1"
inline constexpr std::uint64_t kSpoolHeadBytes = 4096;

enum class RecordKind : std::uint32_t { Stdout = 1, Stderr = 2, Note = 3 };

// In front of the bytes of each record.
struct RecordHead {
    std::uint32_t bytes = 0;
    RecordKind kind = RecordKind::Stdout;
    std::int64_t unix_ms = 0;
};
static_assert(sizeof(RecordHead) == 16);

// The output of an attempt on its way to the server: a ring on disk behind a head. The shim adds
// while there is room; the server reads, and says what the shim may forget. The file is the truth:
// it outlives both.
// Threading: one at a time.
class SpoolWriter {
public:
    // `folder` holds a spool that create_spool_blocking() made.
    static Result<SpoolWriter> open(const std::string& folder);
    SpoolWriter(SpoolWriter&& other) noexcept;
    SpoolWriter& operator=(SpoolWriter&&) = delete;
    ~SpoolWriter();

    SpoolHead& head() { return *head_; }
    bool has_room(std::size_t bytes) const;
    // Room is there. False, with nothing changed, when the disk refuses.
    bool append(RecordKind kind, std::string_view bytes, std::int64_t unix_ms);
    void acknowledge(std::uint64_t offset);
    // The last word. What `written` counts is final.
    void end(const AttemptEnd& end);

private:
    SpoolWriter(Descriptor file, SpoolHead* head) : file_(std::move(file)), head_(head) {}
    bool write_at(std::uint64_t offset, const char* from, std::size_t size) const;

    Descriptor file_;
    SpoolHead* head_ = nullptr;  // mapped
    std::uint64_t acknowledged_ = 0;
};

// Makes the file for a shim to write. Errors: Unavailable.
Result<void> create_spool_blocking(const std::string& folder, const SpoolHead& head);

// What the server reads. Trusts nothing: the program may have written there.
class SpoolReader {
public:
    SpoolReader() = default;
    // Errors: NotFound; DataLoss when it is no spool.
    static Result<SpoolReader> open_blocking(const std::string& folder);

    // As it is now. Errors: DataLoss.
    Result<SpoolHead> head_blocking() const;
    // Bytes of records from `from` on, at most `size`, none beyond `written`.
    Result<std::string> read_blocking(std::uint64_t from, std::uint64_t written,
                                      std::size_t size) const;

private:
    explicit SpoolReader(Descriptor file) : file_(std::move(file)) {}
    Descriptor file_;
};

struct SpoolRecord {
    RecordKind kind = RecordKind::Stdout;
    std::int64_t unix_ms = 0;
    std::string_view bytes;
};

// Takes the next whole record off the front of `bytes`; false when none is whole.
// Errors: DataLoss when it is no record.
Result<bool> take_record(std::string_view& bytes, SpoolRecord& record);

}  // namespace zs::process
