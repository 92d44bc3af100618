#include "adapters/process/shim.hpp"
#include "server/commands/command_line.hpp"
#include "server/server.hpp"

#include <csignal>
#include <exception>
#include <iostream>

int main(int argc, char** argv) {
    // Runs jobs, and knows nothing of the server.
    if (zs::process::is_shim_command(argc, argv)) return zs::process::run_shim();
    // A reader that goes away shows as a failed write, not as a signal.
    std::signal(SIGPIPE, SIG_IGN);
    // The same for a file that may not grow (ulimit -f): the write fails, the process goes on.
    std::signal(SIGXFSZ, SIG_IGN);
    try {
        auto console = zs::cli::process_console();
        return zs::server::run_command_line({argv + 1, argv + argc}, console,
                                            zs::server::run_server);
    } catch (const std::exception& error) {
        std::cerr << "error: " << error.what() << '\n';
        return zs::cli::kExitFailure;
    }
}
