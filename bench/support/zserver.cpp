#include "support/failure.hpp"
#include "support/servers.hpp"

#include <cstdlib>

namespace zs::bench {

namespace {

constexpr std::string_view kReady = "zserver listening on http://127.0.0.1:";
constexpr const char* kNeverReached = "100000000";

}  // namespace

std::filesystem::path Zserver::binary() {
    const char* named = std::getenv("ZSERVER_BINARY");
    // build/release/bin/bench_x → build/release/zserver
    auto path = named != nullptr
                    ? std::filesystem::path(named)
                    : std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path()
                          / "zserver";
    if (!std::filesystem::exists(path)) {
        throw Failure(path.string() + " is missing: build it, or name it in ZSERVER_BINARY");
    }
    return path;
}

Command Zserver::command(const Options& options) {
    Command command;
    command.arguments = {binary().string(), "server", "--host", "127.0.0.1",
                         "--port",          "0",      "--data", options.data.string()};
    command.environment = {{"ZRATE_LIMIT_PER_MINUTE", kNeverReached},
                           {"ZRATE_LIMIT_USER_PER_MINUTE", kNeverReached},
                           {"ZOBS_METRICS_ADDR", "127.0.0.1:0"},
                           {"ZHTTP_ACCESS_LOG", options.access_log ? "true" : "false"}};
    command.environment.insert(command.environment.end(), options.environment.begin(),
                               options.environment.end());
    command.log = options.data.string() + ".log";
    return command;
}

Zserver::Zserver(const Options& options) : process_(command(options)) {
    const auto port = process_.wait_for_line(kReady, std::chrono::seconds(20));
    endpoint_.port = static_cast<std::uint16_t>(std::stoi(port));
}

}  // namespace zs::bench
