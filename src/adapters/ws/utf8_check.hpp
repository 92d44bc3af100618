#pragma once

#include <cstdint>
#include <string_view>

namespace zs::ws {

// Whether text that comes in pieces is UTF-8; says no at the first byte that cannot be.
// Source: RFC 3629 (no surrogates, no overlong forms, nothing above U+10FFFF).
class Utf8Check {
public:
    bool feed(std::string_view piece);
    // The text may end here.
    bool complete() const { return left_ == 0; }
    void reset() { left_ = 0; }

private:
    std::uint8_t left_ = 0;  // continuation bytes still to come
    std::uint8_t low_ = 0x80;
    std::uint8_t high_ = 0xbf;  // what the next one must lie between
};

}  // namespace zs::ws
