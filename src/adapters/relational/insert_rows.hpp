#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace zs::relational {

// How many rows go in one statement, the most first. Few sizes, so that few statements are
// prepared; on SQLite fewer than the middle one cost more together than one by one.
inline constexpr std::array<std::size_t, 3> kRowsPerInsert{128, 16, 1};

// Calls `run(sql, params of those rows)` for one statement after the other, while it succeeds.
template <class Value, class Run>
auto in_few_inserts(std::string_view into, std::string_view tuple, std::span<const Value> params,
                    Run run) -> decltype(run(std::string_view(), params)) {
    const auto width = static_cast<std::size_t>(std::count(tuple.begin(), tuple.end(), '?'));
    for (const auto rows : kRowsPerInsert) {
        if (params.size() < rows * width) continue;
        std::string sql(into);
        sql.reserve(into.size() + rows * (tuple.size() + 1));
        for (std::size_t i = 0; i < rows; ++i) {
            sql += i == 0 ? ' ' : ',';
            sql += tuple;
        }
        for (; params.size() >= rows * width; params = params.subspan(rows * width)) {
            auto done = run(std::string_view(sql), params.first(rows * width));
            if (!done) return done;
        }
    }
    return {};
}

}  // namespace zs::relational
