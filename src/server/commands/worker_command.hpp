#pragma once

#include "server/commands/config_source.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::server {

struct WorkerCommandOptions {
    ConfigSource source = {};
    std::optional<std::string> server = {};    // --server
    std::optional<std::string> token = {};     // --token
    std::optional<std::string> id = {};        // --id
    std::optional<std::string> temp_dir = {};  // --temp-dir
    std::vector<std::string> labels = {};      // --label
    std::optional<std::size_t> slots = {};     // --concurrency
};

// `zserver worker`: runs jobs of a server until SIGTERM or SIGINT, then lets what runs end within
// the grace. Answers the exit code.
int run_worker_command(const WorkerCommandOptions& options, cli::Console& console);

}  // namespace zs::server
