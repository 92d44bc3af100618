#include "adapters/cli/target_options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace zs::cli {

void add_profile_options(CLI::App& command, Target& target, const std::string& profile_help) {
    command.add_option("--url", target.url, "Server [ZSERVER_URL, else http://127.0.0.1:8080]")
        ->type_name("URL");
    command.add_option("--profile", target.profile, profile_help)->type_name("NAME");
}

void add_server_options(CLI::App& command, Target& target) {
    add_profile_options(command, target, "Sign-in to use [ZSERVER_PROFILE, else default]");
    command.add_option("--token", target.token, "Access token or API key [ZSERVER_TOKEN]")
        ->type_name("TOKEN");
}

}  // namespace zs::cli
