#pragma once

#include "server/commands/config_source.hpp"

namespace zs::server {

// `zserver config check|show|docs`, `zserver version`. Each answers the exit code.
int check_config_command(const ConfigSource& source, cli::Console& console);
int show_config_command(const ConfigSource& source, cli::Console& console);
int config_docs_command(cli::Console& console);
int version_command(cli::Console& console);

}  // namespace zs::server
