#pragma once

#include "adapters/cli/api_session.hpp"

namespace zs::cli {

struct LoginOptions {
    Target target = {};
    std::optional<std::string> email = {};
    std::optional<std::string> environment = {};
};

// Each answers the exit code.
int run_login(const LoginOptions& options, Console& console, const Clock& clock);
int run_logout(const Target& target, Console& console, const Clock& clock);
int run_whoami(const Target& target, Console& console, const Clock& clock);

}  // namespace zs::cli
