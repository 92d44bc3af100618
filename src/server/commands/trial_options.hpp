#pragma once

#include "adapters/cli/console.hpp"

namespace CLI {
class App;
}

namespace zs::server {

// Adds `zserver crashtest` and `zserver bench`: what this program does on this machine.
// Lifetime: console and exit_code outlive the parsing.
void add_trials(CLI::App& app, cli::Console& console, int& exit_code);

}  // namespace zs::server
