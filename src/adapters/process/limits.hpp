#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>

// Every number of this module that is a rule and not a choice of the operator.
// Source: jobs.md sections 5 and 7.
namespace zs::process::limits {

// What a program may be ahead of the server with its output; then its pipes are not read.
inline constexpr std::uint64_t kSpoolBytes = 8ULL << 20;
inline constexpr std::size_t kRecordBytesMax = std::size_t{64} << 10;
// What the server reads of a spool in one step.
inline constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
// How far a checkpoint lags behind, so that short attempts need none.
inline constexpr std::uint64_t kCheckpointBytes = 512ULL << 10;
inline constexpr Millis kCheckpointEvery{250};
inline constexpr std::size_t kCheckpointBytesMax = std::size_t{1} << 20;
// Lines that come one by one are handed on together after this time.
inline constexpr Millis kBatchEvery{20};
inline constexpr std::size_t kLinesPerBatch = 1000;
inline constexpr std::size_t kLinePartBytes = std::size_t{64} << 10;
inline constexpr Millis kProgressEvery{100};
// Shorter values would hide half the log.
inline constexpr std::size_t kSecretBytesMin = 8;

// Once nothing of the attempt runs, somebody else may still hold its pipes.
inline constexpr Millis kDrain{2'000};
inline constexpr Millis kKillAgain{10};
inline constexpr Millis kDiskRetry{100};
// Between the end in the spool and the shim's own word for it.
inline constexpr Millis kDonePatience{1'000};
inline constexpr std::size_t kFrameBytesMax = std::size_t{2} << 20;
// How long the server tries to reach a shim that lives.
inline constexpr Millis kAttachPatience{5'000};
inline constexpr Millis kAttachRetry{10};
// And how long an attempt that outlived a restart waits to be run again.
inline constexpr Millis kClaimPatience{2'000};
inline constexpr int kPoolTries = 200;
inline constexpr Millis kPoolRetry{20};

inline constexpr std::size_t kOutputBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kArtifactDepthMax = 8;
inline constexpr std::size_t kArtifactNameBytesMax = 255;  // of each component
inline constexpr std::size_t kSkippedShownMax = 20;
inline constexpr std::uint64_t kOpenFilesDefault = 1024;
inline constexpr std::uint64_t kFileMbDefault = 1024;

}  // namespace zs::process::limits
