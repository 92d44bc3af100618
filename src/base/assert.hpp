#pragma once

namespace zs {

// Prints the broken assumption and aborts. Never returns.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace zs

// States what must hold because we wrote it so. A failure is a defect of the program, never of its
// input: input is checked with Result.
#define ZS_ASSERT(expression) \
    ((expression) ? void(0) : ::zs::assertion_failed(#expression, __FILE__, __LINE__))
