#pragma once

#include "base/error.hpp"
#include "core/identity/limits.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::identity {

struct PageRequest {
    int limit = kPageDefault;  // 1 to kPageMax; the services refuse others
    std::optional<std::string> cursor;
};

template <class T>
struct Page {
    std::vector<T> items;
    std::optional<std::string> next_cursor;  // set when more follow
};

// A cursor is the sort key of the last item shown, bound to the filters it was made with, so that
// it survives restarts and inserts and cannot be carried to another list.
std::string make_cursor(std::string_view filters, std::string_view key);
// Answers the key. Errors: InvalidArgument "invalid_cursor".
Result<std::string> read_cursor(std::string_view filters, std::string_view cursor);

// Errors: InvalidArgument naming "limit".
Result<void> check_limit(const PageRequest& page);

// Cuts `items`, read with one more than the limit, to a page.
template <class T, class KeyOf>
Page<T> make_page(std::vector<T> items, const PageRequest& request, std::string_view filters,
                  KeyOf key_of) {
    Page<T> page{std::move(items), std::nullopt};
    const auto limit = static_cast<std::size_t>(request.limit);
    if (page.items.size() > limit) {
        page.items.erase(page.items.begin() + static_cast<std::ptrdiff_t>(limit), page.items.end());
        page.next_cursor = make_cursor(filters, key_of(page.items.back()));
    }
    return page;
}

}  // namespace zs::identity
