#pragma once

#include "adapters/cli/console.hpp"
#include "server/config_load.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::server {

// Where a command finds its configuration.
struct ConfigSource {
    std::optional<std::string> file = {};  // --config
    std::optional<std::string> data = {};  // --data
    std::vector<ConfigFlag> flags = {};    // others of the table
    bool dev = false;
};

ConfigInput config_input(const ConfigSource& source, const cli::Console& console);

// The configuration, with its warnings shown. Errors: InvalidArgument with every problem, one per
// line of the message and in details.errors.
Result<Config> load_or_explain(const ConfigInput& input, cli::Console& console);

}  // namespace zs::server
