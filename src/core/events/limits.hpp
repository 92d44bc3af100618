#pragma once

#include <chrono>
#include <cstddef>

namespace zs::events::limits {

inline constexpr std::size_t kTopicBytesMax = 300;

// What one (organisation, environment) keeps for clients that resume; whichever is reached first.
inline constexpr std::size_t kKeptEventsMax = 10'000;
inline constexpr std::size_t kKeptBytesMax = std::size_t{16} << 20;
inline constexpr std::chrono::seconds kKeptFor{300};

// Events that one call of read() answers at most.
inline constexpr std::size_t kReadMax = 500;

}  // namespace zs::events::limits
