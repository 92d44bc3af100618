#include "core/identity/organization.hpp"

#include "base/encoding.hpp"

#include <algorithm>

namespace zs::identity {
namespace {
constexpr std::size_t kSlugBytesMax = 63;
bool is_slug_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}
}  // namespace

Result<void> check_slug(const std::string& slug) {
    const bool fits = !slug.empty() && slug.size() <= kSlugBytesMax;
    if (fits && std::all_of(slug.begin(), slug.end(), is_slug_character)) return {};
    return invalid_field("slug", "'slug' must be 1 to 63 of a-z, 0-9 and '-'");
}

std::string slug_from_name(const std::string& name) {
    std::string slug;
    for (const char c : to_lower(name)) {
        if (is_slug_character(c) && c != '-') {
            slug += c;
        } else if (!slug.empty() && slug.back() != '-') {
            slug += '-';
        }
    }
    slug = slug.substr(0, kSlugBytesMax);
    while (!slug.empty() && slug.back() == '-')
        slug.pop_back();
    return slug;
}

}  // namespace zs::identity
