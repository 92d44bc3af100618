#pragma once

#include <cstdint>
#include <string_view>

namespace zs::usearch {

// The checksum of the Castagnoli polynomial, for which processors have an instruction.
// Source: RFC 3720, appendix B.4.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace zs::usearch
