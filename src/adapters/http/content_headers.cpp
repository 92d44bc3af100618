#include "adapters/http/content_headers.hpp"

#include "base/encoding.hpp"

#include <algorithm>

namespace zs::http {
namespace {

constexpr std::size_t kSha256Bytes = 32;
constexpr std::size_t kFilenameBytesMax = 255;

Error bad_digest() {
    return invalid_field("content_digest",
                         "Content-Digest must be sha-256=:<base64 of 32 bytes>:, as in RFC 9530");
}

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// RFC 8187 section 3.2.1: attr-char.
bool is_attribute_char(char c) {
    constexpr std::string_view kMarks = "!#$&+-.^_`|~";
    return is_alphanumeric(c) || kMarks.find(c) != std::string_view::npos;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

bool is_file_name(std::string_view name) {
    return !name.empty() && name.size() <= kFilenameBytesMax && name != "." && name != ".."
           && is_utf8(name) && std::none_of(name.begin(), name.end(), [](char c) {
                  return is_control(c) || c == '/' || c == '\\';
              });
}

// Quotes would end the value early, and some clients decode percent signs.
bool is_plain(char c) {
    return c >= 0x20 && c < 0x7F && c != '"' && c != '%';
}

}  // namespace

Result<std::optional<std::string>> sha256_of_content_digest(std::string_view header) {
    std::optional<std::string> found;
    while (!trim(header).empty()) {
        const auto comma = std::min(header.find(','), header.size());
        const auto member = trim(header.substr(0, comma));
        header.remove_prefix(std::min(comma + 1, header.size()));
        const auto equals = member.find('=');
        if (equals == std::string_view::npos || equals == 0) return bad_digest();
        if (!equals_ignoring_case(member.substr(0, equals), "sha-256")) continue;
        auto value = member.substr(equals + 1);
        if (value.size() < 2 || value.front() != ':' || value.back() != ':') return bad_digest();
        auto bytes = from_base64(value.substr(1, value.size() - 2));
        if (!bytes || bytes->size() != kSha256Bytes) return bad_digest();
        if (found && *found != *bytes) return bad_digest();
        found = std::move(*bytes);
    }
    return found;
}

Result<std::string> attachment_disposition(const std::optional<std::string>& filename) {
    if (!filename) return std::string("attachment");
    if (!is_file_name(*filename)) {
        return invalid_field("filename",
                             "'filename' must be a name of 1 to 255 bytes of UTF-8 without control "
                             "characters, '/' and '\\'");
    }
    std::string plain;
    std::string extended;
    for (const char c : *filename) {
        // Of a character of several bytes the first one leaves a mark.
        const bool goes_on = (static_cast<unsigned char>(c) & 0xC0U) == 0x80;
        if (is_plain(c)) {
            plain += c;
        } else if (!goes_on) {
            plain += '_';
        }
        if (is_attribute_char(c)) {
            extended += c;
        } else {
            extended += '%';
            for (const char digit : to_hex(std::string_view(&c, 1)))
                extended += static_cast<char>(digit >= 'a' ? digit - 'a' + 'A' : digit);
        }
    }
    std::string out = "attachment; filename=\"" + plain + "\"";
    if (plain != *filename) out += "; filename*=UTF-8''" + extended;
    return out;
}

}  // namespace zs::http
