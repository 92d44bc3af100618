#pragma once

#include "adapters/cli/api_session.hpp"

#include <string>

namespace CLI {
class App;
}

namespace zs::cli {

// The options that say which server, and as whom.
// Lifetime: `target` outlives the parsing.
void add_server_options(CLI::App& command, Target& target);  // --url, --profile, --token
// For commands that make or end a sign-in: without --token.
void add_profile_options(CLI::App& command, Target& target, const std::string& profile_help);

}  // namespace zs::cli
