#pragma once

#include "server/config.hpp"
#include "server/extensions.hpp"

namespace zs::server {

// Serves until SIGTERM or SIGINT, then finishes what runs. Answers the process's exit code: 0 after
// a clean stop, 1 when it could not start; the reason has been logged.
int run_server(const Config& config, Extensions extensions = {});

}  // namespace zs::server
