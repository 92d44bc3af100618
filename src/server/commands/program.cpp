#include "server/commands/program.hpp"

#include "adapters/process/shim.hpp"
#include "server/commands/command_line.hpp"
#include "server/server.hpp"

#include <csignal>
#include <exception>
#include <iostream>
#include <utility>

namespace zs::server {

int run_program(int argc, char** argv, Extensions extensions) {
    // Runs jobs, and knows nothing of the server.
    if (process::is_shim_command(argc, argv)) return process::run_shim();
    // A reader that goes away shows as a failed write, not as a signal.
    std::signal(SIGPIPE, SIG_IGN);
    // The same for a file that may not grow (ulimit -f): the write fails, the process goes on.
    std::signal(SIGXFSZ, SIG_IGN);
    try {
        auto console = cli::process_console();
        const auto serve = [&extensions](const Config& config) {
            return run_server(config, std::move(extensions));
        };
        return run_command_line({argv + 1, argv + argc}, console, serve);
    } catch (const std::exception& error) {
        std::cerr << "error: " << error.what() << '\n';
        return cli::kExitFailure;
    }
}

}  // namespace zs::server
