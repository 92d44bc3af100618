#include "server/suggest.hpp"

#include <algorithm>
#include <vector>

namespace zs::server {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

std::string_view nearest(std::string_view typed, std::span<const std::string_view> candidates) {
    constexpr std::size_t kTypedMax = 128;  // longer text is no typing mistake
    if (typed.size() > kTypedMax) return {};
    std::size_t best = std::clamp<std::size_t>(typed.size() / 4, 1, 3) + 1;
    std::string_view found;
    for (const auto candidate : candidates) {
        const auto distance = edit_distance(typed, candidate);
        if (distance >= best) continue;
        best = distance;
        found = candidate;
    }
    return found;
}

}  // namespace zs::server
