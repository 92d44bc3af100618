#include "adapters/http/request_id.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <cstring>

namespace zs::http {
namespace {

// The `digits` low hexadecimal digits of `value`.
void write_hex(char* out, std::uint64_t value, int digits) {
    for (int i = digits - 1; i >= 0; --i) {
        out[i] = "0123456789abcdef"[value & 0xF];
        value >>= 4;
    }
}

}  // namespace

RequestIds::RequestIds() : state_(0) {
    const auto seed = random_bytes(sizeof state_);
    std::memcpy(&state_, seed.data(), sizeof state_);
}

void RequestIds::mint(std::int64_t unix_millis, char* out) {
    auto millis = static_cast<std::uint64_t>(unix_millis);
    if (millis > last_millis_) {
        last_millis_ = millis;
        counter_ = 0;
    } else if (++counter_ > 0xFFF) {
        ++last_millis_;  // borrowed from the future, so that ids grow
        counter_ = 0;
    }
    // splitmix64
    std::uint64_t noise = state_ += 0x9E3779B97F4A7C15ULL;
    noise = (noise ^ (noise >> 30)) * 0xBF58476D1CE4E5B9ULL;
    noise = (noise ^ (noise >> 27)) * 0x94D049BB133111EBULL;
    noise ^= noise >> 31;

    write_hex(out, last_millis_ >> 16, 8);
    out[8] = '-';
    write_hex(out + 9, last_millis_ & 0xFFFF, 4);
    out[13] = '-';
    write_hex(out + 14, 0x7000U | counter_, 4);
    out[18] = '-';
    write_hex(out + 19, 0x8000U | ((noise >> 48) & 0x3FFF), 4);
    out[23] = '-';
    write_hex(out + 24, noise & 0xFFFFFFFFFFFFULL, 12);
}

bool is_request_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
               || c == '.' || c == '_' || c == '-';
    });
}

}  // namespace zs::http
