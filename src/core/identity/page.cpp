#include "core/identity/page.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"

namespace zs::identity {
namespace {
constexpr std::size_t kTagBytes = 8;
constexpr std::size_t kCursorBytesMax = 2048;

std::string tag_of(std::string_view filters, std::string_view key) {
    return sha256(sha256(filters) + std::string(key)).substr(0, kTagBytes);
}
}  // namespace

std::string make_cursor(std::string_view filters, std::string_view key) {
    return to_base64url(tag_of(filters, key) + std::string(key));
}

Result<std::string> read_cursor(std::string_view filters, std::string_view cursor) {
    const auto bad = [] {
        return invalid_field("cursor",
                             "this cursor was not made by this list with these filters: use the "
                             "X-Next-Cursor of the previous page",
                             "invalid_cursor");
    };
    if (cursor.size() > kCursorBytesMax) return bad();
    const auto bytes = from_base64url(cursor);
    if (!bytes || bytes->size() < kTagBytes) return bad();
    std::string key = bytes->substr(kTagBytes);
    if (bytes->substr(0, kTagBytes) != tag_of(filters, key)) return bad();
    return key;
}

Result<void> check_limit(const PageRequest& page) {
    if (page.limit >= 1 && page.limit <= kPageMax) return {};
    return invalid_field("limit", "'limit' must be between 1 and " + std::to_string(kPageMax));
}

}  // namespace zs::identity
