#pragma once

#include "server/extensions.hpp"

namespace zs::server {

// The whole program `zserver`, with its command line: what main() calls, here and in programs that
// embed the server. `zserver server` runs with the extensions. Answers the exit code.
// Programs that jobs run are started through this executable, too: call it first in main().
int run_program(int argc, char** argv, Extensions extensions = {});

}  // namespace zs::server
