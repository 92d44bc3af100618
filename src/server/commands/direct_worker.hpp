#pragma once

#include "adapters/cli/console.hpp"
#include "server/config.hpp"

#include <string>

namespace zs::server {

// Runs jobs straight from the PostgreSQL of the servers, as one of their processes, until SIGTERM
// or SIGINT. Artifacts go to the servers' own folder: queue.artifacts, or the files of a data
// directory that is reachable here.
// Errors: InvalidArgument when no server on this database uses that folder; else as opening a
//         database and a worker.
Result<void> run_direct_worker(const Config& config, std::string worker_id, cli::Console& console);

}  // namespace zs::server
