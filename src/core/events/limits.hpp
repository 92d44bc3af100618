#pragma once

#include <chrono>
#include <cstddef>

namespace zs::events::limits {

inline constexpr std::size_t kTopicBytesMax = 300;

// What one (organisation, environment) keeps for clients that resume; whichever is reached first.
inline constexpr std::size_t kKeptEventsMax = 10'000;
inline constexpr std::size_t kKeptBytesMax = std::size_t{16} << 20;
inline constexpr std::chrono::seconds kKeptFor{600};

// Events that one call of read() answers at most, and what a client that catches up asks for.
inline constexpr std::size_t kReadMax = 500;
inline constexpr std::size_t kReplayPiece = 64;

// Between a publisher and an event loop that is behind; beyond it clients read from the bus.
inline constexpr std::size_t kInboxEventsMax = 4096;
inline constexpr std::size_t kInboxBytesMax = std::size_t{16} << 20;
// Events that a loop hands to its clients before it lets them send: below any client's queue.
inline constexpr std::size_t kEventsPerTurn = 64;

}  // namespace zs::events::limits
