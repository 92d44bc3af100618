#pragma once

#include "adapters/cli/console.hpp"
#include "base/clock.hpp"

namespace CLI {
class App;
}

namespace zs::cli {

// Adds the commands that talk to a running server (sql, login, logout, whoami). They run while the
// command line is parsed and leave their exit code in `exit_code`.
// Lifetime: console, clock and exit_code outlive the parsing.
void add_client_commands(CLI::App& app, Console& console, const Clock& clock, int& exit_code);

}  // namespace zs::cli
