#pragma once

#include "base/assert.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace zs::relational {

struct Bytes {
    std::string value;
};

// Both dialects know these. Times are integers (milliseconds since 1970, UTC), booleans 0 or 1, ids
// their 36 characters, lists and objects JSON text.
using Value = std::variant<std::monostate, std::int64_t, double, std::string, Bytes>;

// The same, of something that outlives the statement: many rows are inserted without a copy each.
struct BytesView {
    std::string_view value;
};
using ValueView = std::variant<std::monostate, std::int64_t, double, std::string_view, BytesView>;

template <class T>
Value to_value(const T& value) {
    if constexpr (std::is_same_v<T,
                                 Value> || std::is_same_v<T, Bytes> || std::is_same_v<T, double>) {
        return value;
    } else if constexpr (std::is_same_v<T, bool>) {
        return std::int64_t{value ? 1 : 0};
    } else if constexpr (std::is_integral_v<T>) {
        return static_cast<std::int64_t>(value);
    } else if constexpr (std::is_same_v<T, Timestamp>) {
        return to_unix_millis(value);
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
        return std::string(std::string_view(value));
    } else if constexpr (requires {
                             value.has_value();
                             *value;
                         }) {
        return value ? to_value(*value) : Value{};
    } else if constexpr (std::is_same_v<T, std::nullopt_t>) {
        return {};
    } else {
        return std::string(to_text(value));  // ids, enums
    }
}

// One row of an answer. Asking for a column with another type than it has is a defect of the store.
class Row {
public:
    explicit Row(std::vector<Value> values) : values_(std::move(values)) {}

    bool is_null(std::size_t i) const { return std::holds_alternative<std::monostate>(values_[i]); }
    std::int64_t integer(std::size_t i) const { return get<std::int64_t>(i); }
    bool boolean(std::size_t i) const { return integer(i) != 0; }
    double real(std::size_t i) const { return get<double>(i); }
    const std::string& text(std::size_t i) const { return get<std::string>(i); }
    const std::string& bytes(std::size_t i) const { return get<Bytes>(i).value; }
    Timestamp time(std::size_t i) const { return from_unix_millis(integer(i)); }
    std::optional<std::int64_t> maybe_integer(std::size_t i) const {
        return is_null(i) ? std::nullopt : std::optional(integer(i));
    }
    std::optional<std::string> maybe_text(std::size_t i) const {
        return is_null(i) ? std::nullopt : std::optional(text(i));
    }
    std::optional<Timestamp> maybe_time(std::size_t i) const {
        return is_null(i) ? std::nullopt : std::optional(time(i));
    }
    template <class AnyId>
    AnyId id(std::size_t i) const {
        auto parsed = AnyId::parse(text(i));
        ZS_ASSERT(parsed.has_value());
        return *parsed;
    }
    std::size_t size() const { return values_.size(); }

private:
    template <class T>
    const T& get(std::size_t i) const {
        const auto* value = std::get_if<T>(&values_[i]);
        ZS_ASSERT(value != nullptr);
        return *value;
    }
    std::vector<Value> values_;
};

using Rows = std::vector<Row>;

}  // namespace zs::relational
