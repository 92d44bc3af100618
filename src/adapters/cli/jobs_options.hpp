#pragma once

#include "adapters/cli/console.hpp"
#include "base/clock.hpp"

namespace CLI {
class App;
}

namespace zs::cli {

// Adds `zserver jobs submit|list|get|logs|cancel|retry|why|artifacts|pause|resume|stats|workers`.
// Lifetime: as add_client_commands.
void add_jobs(CLI::App& app, Console& console, const Clock& clock, int& exit_code);

}  // namespace zs::cli
