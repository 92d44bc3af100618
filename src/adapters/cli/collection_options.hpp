#pragma once

#include "adapters/cli/console.hpp"
#include "base/clock.hpp"

namespace CLI {
class App;
}

namespace zs::cli {

// Adds `zserver ingest` and `zserver export`.
void add_collection_commands(CLI::App& app, Console& console, const Clock& clock, int& exit_code);

}  // namespace zs::cli
