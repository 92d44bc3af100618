#pragma once

#include "base/error.hpp"
#include "core/jobs/job_log.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// How lines of a log are stored: several to a chunk, an index of them in front, all compressed.
namespace zs::relational::log_chunk {

inline constexpr std::int64_t kChunkBytes = std::int64_t{64} << 10;  // before compression
inline constexpr std::int64_t kChunkLines = 2000;

struct Line {
    std::uint64_t seq = 0;
    jobs::LogLine line;
};

// The layout, before compression (integers are LEB128):
//   version 1 · number of lines · for each: seq minus the one before, milliseconds minus the ones
//   before (zigzag), stream + 4 when it goes on in the next entry, length · then all bytes
std::string pack(std::span<const Line> lines);
// Errors: DataLoss.
Result<std::vector<Line>> unpack(std::string_view payload);

std::size_t bytes_of(std::span<const Line> lines);
// A bit for each stream that has a line.
std::int64_t streams_of(std::span<const Line> lines);
inline std::int64_t bit_of(jobs::LogStream stream) {
    return std::int64_t{1} << static_cast<int>(stream);
}

}  // namespace zs::relational::log_chunk
