#include "base/encoding.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace zs {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kBase64Url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr char kBase62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

std::uint8_t byte_at(std::string_view bytes, std::size_t i) {
    return static_cast<std::uint8_t>(bytes[i]);
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

using DecodeTable = std::array<std::int8_t, 256>;

constexpr DecodeTable make_table(const char* alphabet) {
    DecodeTable table{};
    for (auto& entry : table)
        entry = -1;
    for (int i = 0; i < 64; ++i) {
        table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
    }
    return table;
}

constexpr DecodeTable kFromBase64 = make_table(kBase64);
constexpr DecodeTable kFromBase64Url = make_table(kBase64Url);

void encode64(std::string& out, std::string_view bytes, const char* alphabet, bool pad) {
    out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t n = (std::uint32_t{byte_at(bytes, i)} << 16)
                                | (std::uint32_t{byte_at(bytes, i + 1)} << 8)
                                | byte_at(bytes, i + 2);
        out += alphabet[n >> 18];
        out += alphabet[(n >> 12) & 63];
        out += alphabet[(n >> 6) & 63];
        out += alphabet[n & 63];
    }
    const std::size_t rest = bytes.size() - i;
    if (rest == 0) return;
    std::uint32_t n = std::uint32_t{byte_at(bytes, i)} << 16;
    if (rest == 2) n |= std::uint32_t{byte_at(bytes, i + 1)} << 8;
    out += alphabet[n >> 18];
    out += alphabet[(n >> 12) & 63];
    if (rest == 2) out += alphabet[(n >> 6) & 63];
    if (pad) out.append(rest == 2 ? 1 : 2, '=');
}

Result<Bytes> decode64(std::string_view text, const DecodeTable& table) {
    if (text.size() % 4 == 1) return invalid_argument("base64 text has an impossible length");
    Bytes out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    int held = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int digit = table[byte_at(text, i)];
        if (digit < 0) {
            return invalid_argument("not base64: unexpected character at position "
                                    + std::to_string(i));
        }
        bits = (bits << 6) | static_cast<std::uint32_t>(digit);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out += static_cast<char>((bits >> held) & 0xFF);
        }
    }
    if ((bits & ((1U << held) - 1U)) != 0)
        return invalid_argument("not base64: stray bits at the end");
    return out;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        out += kHex[byte_at(bytes, i) >> 4];
        out += kHex[byte_at(bytes, i) & 15];
    }
    return out;
}

Result<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return invalid_argument("hex text has an odd length");
    Bytes out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return invalid_argument("not a hex digit near position " + std::to_string(i));
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

std::string to_base64(std::string_view bytes) {
    std::string out;
    encode64(out, bytes, kBase64, true);
    return out;
}

void append_base64(std::string& out, std::string_view bytes) {
    encode64(out, bytes, kBase64, true);
}

Result<Bytes> from_base64(std::string_view text) {
    if (text.size() % 4 == 0 && text.ends_with("="))
        text.remove_suffix(text.ends_with("==") ? 2 : 1);
    return decode64(text, kFromBase64);
}

std::string to_base64url(std::string_view bytes) {
    std::string out;
    encode64(out, bytes, kBase64Url, false);
    return out;
}

Result<Bytes> from_base64url(std::string_view text) {
    return decode64(text, kFromBase64Url);
}

std::string to_base62(std::string_view bytes, std::size_t width) {
    std::string number(bytes);
    std::string out;
    while (!number.empty()) {
        std::uint32_t remainder = 0;
        std::string quotient;
        for (std::size_t i = 0; i < number.size(); ++i) {
            const std::uint32_t n = remainder * 256 + byte_at(number, i);
            remainder = n % 62;
            if (n / 62 != 0 || !quotient.empty()) quotient += static_cast<char>(n / 62);
        }
        out += kBase62[remainder];
        number = std::move(quotient);
    }
    if (out.size() < width) out.append(width - out.size(), '0');
    std::reverse(out.begin(), out.end());
    return out;
}

bool is_utf8(std::string_view text) noexcept {
    std::size_t i = 0;
    while (i < text.size()) {
        const std::uint8_t lead = byte_at(text, i);
        if (lead < 0x80) {
            ++i;
            continue;
        }
        std::size_t more = 0;
        std::uint32_t point = 0;
        std::uint32_t least = 0;
        if ((lead & 0xE0) == 0xC0)
            more = 1, point = lead & 0x1F, least = 0x80;
        else if ((lead & 0xF0) == 0xE0)
            more = 2, point = lead & 0x0F, least = 0x800;
        else if ((lead & 0xF8) == 0xF0)
            more = 3, point = lead & 0x07, least = 0x10000;
        else
            return false;
        if (i + more >= text.size()) return false;
        for (std::size_t k = 1; k <= more; ++k) {
            const std::uint8_t next = byte_at(text, i + k);
            if ((next & 0xC0) != 0x80) return false;
            point = (point << 6) | (next & 0x3F);
        }
        if (point < least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
        i += more + 1;
    }
    return true;
}

std::string to_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) {
               return lower(x) == lower(y);
           });
}

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view kBlank = " \t\r\n\f\v";
    const auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace zs
