#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace zs {

using Bytes = std::string;  // raw bytes; text and bytes share one owner type

std::string to_hex(std::string_view bytes);     // lower case
Result<Bytes> from_hex(std::string_view text);  // either case
std::string to_base64(std::string_view bytes);  // RFC 4648 section 4, padded
void append_base64(std::string& out, std::string_view bytes);
Result<Bytes> from_base64(std::string_view text);     // padded or not; refuses stray bits
std::string to_base64url(std::string_view bytes);     // RFC 4648 section 5, unpadded
Result<Bytes> from_base64url(std::string_view text);  // unpadded only
std::string to_base62(std::string_view bytes, std::size_t width);  // 0-9A-Za-z, left-padded with 0

// True when `text` is well-formed UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view text) noexcept;

// ASCII only: header names, schemes, e-mail domains.
std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;
std::string_view trim(std::string_view text) noexcept;

}  // namespace zs
