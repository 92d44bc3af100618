#pragma once

#include "server/commands/config_source.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::server {

struct UserOptions {
    ConfigSource source = {};
    std::string email = {};
    std::optional<std::string> name = {};
    std::optional<std::string> org = {};
    std::vector<std::string> roles = {};
    std::string environment = "live";
};

// `zserver user create|passwd|list`, `zserver token`: for operators, directly on the database. Each
// answers the exit code.
int create_user_command(const UserOptions& options, cli::Console& console);
int change_password_command(const UserOptions& options, cli::Console& console);
int list_users_command(const UserOptions& options, cli::Console& console);
int token_command(const UserOptions& options, cli::Console& console);

}  // namespace zs::server
