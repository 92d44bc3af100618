#pragma once

#include "base/error.hpp"
#include "core/data/sql_value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::data {

enum class Compare : std::uint8_t { Eq, Ne, Gt, Gte, Lt, Lte, In, Exists, Prefix };

// `path` of the document, or one of `_id` and `_ts`.
struct Condition {
    std::string path;
    Compare compare = Compare::Eq;
    std::vector<SqlValue> values;  // one; several for In; Exists: 1 or 0
};

struct SortKey {
    std::string path;
    bool descending = false;
    bool operator==(const SortKey&) const = default;
};

// Which documents, in which order. All conditions hold. `_id` is always the last sort key.
struct DocumentQuery {
    std::vector<Condition> conditions;
    std::vector<SortKey> sort;
    std::size_t limit = 100;
    // The sort keys and the `_id` of the last document shown.
    std::vector<SqlValue> after;
};

// A document, and its sort keys with `_id` at the end.
struct FoundDocument {
    std::string id;
    std::string timestamp;
    std::string json;
    std::vector<SqlValue> keys;
};

// {"path":value} or {"path":{"gt":1,"lte":5}}; operators eq, ne, gt, gte, lt, lte, in, exists,
// prefix. Errors: InvalidArgument "invalid_filter", details.field.
Result<std::vector<Condition>> read_filter(std::string_view json);
// "-created,name". Errors: InvalidArgument naming "sort".
Result<std::vector<SortKey>> read_sort(std::string_view text);

// Sort keys as text for a cursor, and back.
std::string write_keys(const std::vector<SqlValue>& keys);
std::optional<std::vector<SqlValue>> read_keys(std::string_view text);

}  // namespace zs::data
