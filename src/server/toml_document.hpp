#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace zs::server {

// A value of a kind that no key has (date, float, array of tables), by its name: "a date".
struct OtherTomlValue {
    std::string kind;
};

using TomlValue =
    std::variant<bool, std::int64_t, std::string, std::vector<std::string>, OtherTomlValue>;

struct TomlEntry {
    std::string name;  // with its tables: "server.cors.allowed_origins"
    TomlValue value;
    unsigned line = 0;
};

// Reads TOML 1.0 into its leaves, in no particular order.
// Errors: InvalidArgument with details line and column.
Result<std::vector<TomlEntry>> read_toml(std::string_view text);

}  // namespace zs::server
