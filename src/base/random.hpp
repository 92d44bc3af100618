#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace zs {

// Bytes from the kernel's generator, fit for keys. Aborts the process when the kernel has none:
// there is no safe way to go on.
std::string random_bytes(std::size_t count);

}  // namespace zs
