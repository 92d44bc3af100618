#pragma once

#include "base/error.hpp"

#include <map>
#include <string>
#include <string_view>

namespace zs::server {

// Replaces each ${NAME} by the variable; "$${" stands for "${". What is inserted is not looked at
// again. Errors: InvalidArgument naming a variable that is not set, or an open "${".
Result<std::string> interpolate(std::string_view text,
                                const std::map<std::string, std::string>& variables);

}  // namespace zs::server
