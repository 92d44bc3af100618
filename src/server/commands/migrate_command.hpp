#pragma once

#include "server/commands/config_source.hpp"

namespace zs::server {

struct MigrateOptions {
    ConfigSource source = {};
    std::string action = {};  // up, down, status
    std::optional<int> to = {};
    std::optional<int> steps = {};
    bool dry_run = false;
    std::optional<std::string> folder = {};  // --dir instead of the files compiled in
};

// Answers the exit code. Source: workflows.md 5.9.
int run_migrate(const MigrateOptions& options, cli::Console& console);

}  // namespace zs::server
