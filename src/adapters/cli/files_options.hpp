#pragma once

#include "adapters/cli/console.hpp"
#include "base/clock.hpp"

namespace CLI {
class App;
}

namespace zs::cli {

// Adds `zserver files put|get|list|rm|verify|gc`. Lifetime: as add_client_commands.
void add_files(CLI::App& app, Console& console, const Clock& clock, int& exit_code);

}  // namespace zs::cli
