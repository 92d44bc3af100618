#include "base/ids.hpp"

#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "base/random.hpp"

#include <cstring>
#include <mutex>
#include <sys/random.h>

namespace zs {

std::string random_bytes(std::size_t count) {
    std::string out(count, '\0');
    std::size_t done = 0;
    while (done < count) {
        const ssize_t got = ::getrandom(out.data() + done, count - done, 0);
        if (got < 0) {
            ZS_ASSERT(errno == EINTR);
            continue;
        }
        done += static_cast<std::size_t>(got);
    }
    return out;
}

namespace {

constexpr std::size_t kNoisePerId = 9;

// Bytes for one id. The kernel is asked for many ids at once: a call costs more than the rest.
std::array<std::uint8_t, kNoisePerId> noise_for_id() {
    constexpr std::size_t kIds = 64;
    thread_local std::array<std::uint8_t, kNoisePerId * kIds> noise{};
    thread_local std::size_t left = 0;
    if (left == 0) {
        const auto bytes = random_bytes(noise.size());
        std::memcpy(noise.data(), bytes.data(), noise.size());
        left = kIds;
    }
    --left;
    std::array<std::uint8_t, kNoisePerId> one{};
    std::memcpy(one.data(), noise.data() + left * kNoisePerId, kNoisePerId);
    return one;
}

}  // namespace

Uuid Uuid::next(const Clock& clock) {
    // The 12 bits after the version count within a millisecond; when they run over, the next
    // millisecond is borrowed, so ids grow even when the clock stands still.
    static std::mutex mutex;
    static std::uint64_t last = 0;  // millis << 12 | counter

    const auto noise = noise_for_id();
    std::uint64_t stamp = static_cast<std::uint64_t>(to_unix_millis(clock.now())) << 12;
    stamp |= noise[8];  // starts low: room to count
    {
        const std::lock_guard lock(mutex);
        if (stamp <= last) stamp = last + 1;
        last = stamp;
    }
    Uuid id;
    const std::uint64_t millis = stamp >> 12;
    for (int i = 0; i < 6; ++i) {
        id.bytes_[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
    }
    id.bytes_[6] = static_cast<std::uint8_t>(0x70 | ((stamp >> 8) & 0x0F));
    id.bytes_[7] = static_cast<std::uint8_t>(stamp & 0xFF);
    std::memcpy(id.bytes_.data() + 8, noise.data(), 8);
    id.bytes_[8] = static_cast<std::uint8_t>((id.bytes_[8] & 0x3F) | 0x80);
    return id;
}

Result<Uuid> Uuid::parse(std::string_view text) {
    const auto bad = [&] {
        return invalid_argument("'" + std::string(text.substr(0, 40)) + "' is not a UUID");
    };
    if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-'
        || text[23] != '-') {
        return bad();
    }
    std::string digits;
    for (const char c : text) {
        if (c != '-') digits += c;
    }
    const auto bytes = from_hex(digits);
    if (!bytes || bytes->size() != 16) return bad();
    Uuid id;
    std::memcpy(id.bytes_.data(), bytes->data(), 16);
    return id;
}

std::string Uuid::to_string() const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text(36, '-');
    std::size_t at = 0;
    for (const auto byte : bytes_) {
        if (at == 8 || at == 13 || at == 18 || at == 23) ++at;
        text[at++] = kDigits[byte >> 4];
        text[at++] = kDigits[byte & 0x0F];
    }
    return text;
}

}  // namespace zs
