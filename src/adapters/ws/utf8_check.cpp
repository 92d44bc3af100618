#include "adapters/ws/utf8_check.hpp"

#include <cstring>

namespace zs::ws {

bool Utf8Check::feed(std::string_view piece) {
    constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;
    std::size_t i = 0;
    while (i < piece.size()) {
        if (left_ == 0 && piece.size() - i >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, piece.data() + i, 8);
            if ((word & kHighBits) == 0) {
                i += 8;
                continue;
            }
        }
        const auto byte = static_cast<std::uint8_t>(piece[i++]);
        if (left_ > 0) {
            if (byte < low_ || byte > high_) return false;
            low_ = 0x80;
            high_ = 0xbf;
            --left_;
            continue;
        }
        if (byte < 0x80) continue;
        if (byte < 0xc2 || byte > 0xf4) return false;
        left_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        if (byte == 0xe0) low_ = 0xa0;
        if (byte == 0xed) high_ = 0x9f;
        if (byte == 0xf0) low_ = 0x90;
        if (byte == 0xf4) high_ = 0x8f;
    }
    return true;
}

}  // namespace zs::ws
