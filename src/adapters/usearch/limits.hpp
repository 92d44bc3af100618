#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace zs::usearch::limits {

// Vectors of one column: address space that is reserved, and slots that can be numbered.
inline constexpr std::size_t kColumnBytesMax = std::size_t{64} << 30;
inline constexpr std::size_t kSlotsMax = 0x7FFF'FFF0;

// Searches of one graph at the same moment; each needs buffers of its own.
inline constexpr std::size_t kSearchesMax = 64;

// Commits that wait to be applied to a column. Beyond it the table is read again instead.
inline constexpr std::size_t kQueuedChangesMax = 100'000;

// A scan of fewer numbers stays on one thread: a millisecond is not worth waking another one.
inline constexpr std::size_t kSharedScanNumbersMin = std::size_t{4} << 20;
inline constexpr std::size_t kPiecesPerThread = 4;

// Fewer rows are read from the table as quickly as from a file.
inline constexpr std::size_t kStoredRowsMin = 1000;

// Columns that are read ahead of their first use after a start.
inline constexpr std::size_t kWarmColumnsMax = 64;

// How often it is looked at what should leave the memory.
inline constexpr std::chrono::seconds kSweepEvery{60};

// Threads that build one graph.
inline constexpr std::size_t kBuildThreadsMax = 8;

// Columns of all tenants that are kept in memory. The one unused for the longest time goes first.
inline constexpr std::size_t kColumnsMax = 256;

// A column with fewer rows is scanned: a graph would not be quicker.
inline constexpr std::size_t kGraphRowsMin = 1000;

// A graph is made anew when so many of its nodes belong to no row any more.
inline constexpr double kDeadShareMax = 0.2;
inline constexpr std::size_t kDeadNodesMin = 1000;

// A graph is stored again when so many of its nodes are new.
inline constexpr std::size_t kUnsavedMin = 1000;
inline constexpr double kUnsavedShare = 0.1;

// A stored graph is put to use when at most so many of its nodes are not what the rows are.
inline constexpr double kStandInShareMax = 0.1;

// How often a search reads the table again because changes overtook it.
inline constexpr int kReloadsMax = 5;

// The self-check: so many rows ask for so many neighbours.
inline constexpr std::size_t kRecallQueries = 32;
inline constexpr std::size_t kRecallTopK = 10;

}  // namespace zs::usearch::limits
