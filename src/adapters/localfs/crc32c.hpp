#pragma once

#include <cstdint>
#include <string_view>

namespace zs::localfs {

// CRC-32C of `bytes`, going on from the CRC of what came before them (0 at the start). Uses the
// processor's instruction where there is one.
// Source: RFC 3720 appendix B.4 (polynomial 0x1EDC6F41, reflected).
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0) noexcept;

// The same without the instruction: what other processors run, and what tests compare with.
std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t before = 0) noexcept;

}  // namespace zs::localfs
