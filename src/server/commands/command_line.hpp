#pragma once

#include "adapters/cli/console.hpp"
#include "server/config.hpp"

#include <functional>
#include <string>
#include <vector>

namespace zs::server {

// The whole command line of `zserver`: parses, runs one command, answers the exit code.
// `arguments` are those behind the program's name; `serve` is what `zserver server` calls.
int run_command_line(const std::vector<std::string>& arguments, cli::Console& console,
                     const std::function<int(const Config&)>& serve);

}  // namespace zs::server
