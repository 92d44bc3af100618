#include "server/server.hpp"

#include "base/log.hpp"
#include "server/application.hpp"

#include <cstdio>

namespace zs::server {
namespace {

int failed(const Error& error) {
    log::error("cannot start", {{"reason", error.message}});
    log::flush();
    return 1;
}

// Scripts read the first line; people read the rest.
void announce(const Application& application, const Config& config) {
    std::printf("zserver listening on %s\n", application.url().c_str());
    if (config.dev)
        std::printf("dev token (24 h, role admin): %s\n", application.dev_token().c_str());
    std::fflush(stdout);
}

}  // namespace

int run_server(const Config& config, Extensions extensions) {
    log::configure(config.monitoring.log_level, config.monitoring.log_format);
    auto data = DataDirectory::open(config.server.data);
    if (!data) return failed(data.error());
    auto started = Application::start_blocking(config, std::move(*data), std::move(extensions));
    if (!started) return failed(started.error());
    Application& application = **started;
    auto listening = application.listen();
    if (!listening) {
        application.stop_blocking();
        return failed(listening.error());
    }
    announce(application, config);
    const int signal = application.wait_for_signal_blocking();
    log::info("stopping",
              {{"signal", signal}, {"grace_secs", config.server.shutdown_grace.count()}});
    application.stop_blocking();
    log::info("stopped");
    log::flush();
    return 0;
}

}  // namespace zs::server
