#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace zs::data {

struct Blob {
    std::string bytes;
    bool operator==(const Blob&) const = default;
};

// A value as the engine stores it. Also a bound parameter.
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

// A value of the current row, borrowed: valid until the next row.
struct SqlValueView {
    enum class Kind { Null, Integer, Real, Text, Blob };
    Kind kind = Kind::Null;
    std::int64_t integer = 0;
    double real = 0;
    std::string_view bytes;  // Text (UTF-8 unless the writer broke it) or Blob
};

}  // namespace zs::data
