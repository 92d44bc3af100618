#include "core/files/content_type.hpp"

#include "base/encoding.hpp"
#include "core/files/limits.hpp"

#include <algorithm>
#include <array>

namespace zs::files {
namespace {

// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        const bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        return alphanumeric || kMarks.find(c) != std::string_view::npos;
    });
}

std::string_view essence(std::string_view type) {
    return trim(type.substr(0, std::min(type.find(';'), type.size())));
}

}  // namespace

Result<std::string> checked_content_type(std::string_view text) {
    text = trim(text);
    if (text.empty()) return std::string(kUnknownType);
    const auto name = essence(text);
    const auto slash = name.find('/');
    const bool printable =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
    if (text.size() <= kContentTypeBytesMax && printable && slash != std::string_view::npos
        && is_token(name.substr(0, slash)) && is_token(name.substr(slash + 1))) {
        return std::string(text);
    }
    return invalid_field("content_type",
                         "Content-Type must be type/subtype with optional parameters, at most "
                             + std::to_string(kContentTypeBytesMax) + " characters");
}

std::string_view served_content_type(std::string_view stored) {
    constexpr std::array<std::string_view, 8> kInert{
        "text/plain", "application/json", "text/csv",  "application/pdf",
        "image/png",  "image/jpeg",       "image/gif", "image/webp"};
    const std::string name = to_lower(essence(stored));
    const bool inert = std::find(kInert.begin(), kInert.end(), name) != kInert.end()
                       || name.starts_with("audio/") || name.starts_with("video/");
    return inert ? stored : kUnknownType;
}

}  // namespace zs::files
