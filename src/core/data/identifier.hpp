#pragma once

#include <string>
#include <string_view>

namespace zs::data {

// A name as an SQL identifier: "a ""name""".
std::string quote_name(std::string_view name);

}  // namespace zs::data
