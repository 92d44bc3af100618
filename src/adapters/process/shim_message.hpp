#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace zs::process {

struct ResourceLimit {
    int resource = 0;  // RLIMIT_…
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
    bool operator==(const ResourceLimit&) const = default;
};

// All a shim needs to know to run one attempt. The server has checked it.
struct ShimStart {
    std::string state_folder;  // with the spool
    std::string work_folder;
    std::string input_file;
    std::string program;
    std::vector<std::string> arguments;
    std::vector<std::string> environment;  // NAME=value
    std::vector<std::string> notes;        // system lines before any output
    std::vector<ResourceLimit> limits;
    std::string cgroup;  // its folder; empty: none
    std::int64_t timeout_ms = 0;
    std::int64_t grace_ms = 0;
    bool change_user = false;
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;
    bool operator==(const ShimStart&) const = default;
};

std::string encode(const ShimStart& start);
// Errors: DataLoss.
Result<ShimStart> decode_start(std::string_view bytes);

// Shim to server: one byte each.
enum class Wake : char {
    Look = 1,  // at the spool
    Done = 2,  // nothing of the attempt runs any more, and the shim is free
};

// Server to shim.
enum class FrameKind : std::uint32_t {
    Start,        // a ShimStart
    Acknowledge,  // 8 bytes: everything before this offset of the spool may be forgotten
    Stop,         // SIGTERM now, SIGKILL after the grace
};
struct FrameHead {
    std::uint32_t bytes = 0;
    FrameKind kind = FrameKind::Start;
};

std::string make_frame(FrameKind kind, std::string_view bytes);

struct Frame {
    FrameKind kind = FrameKind::Start;
    std::string_view bytes;
};
// Takes the next whole frame off the front of `bytes`; false when none is whole.
// Errors: DataLoss.
Result<bool> take_frame(std::string_view& bytes, Frame& frame);

}  // namespace zs::process
