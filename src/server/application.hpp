#pragma once

#include "server/config.hpp"
#include "server/data_directory.hpp"
#include "server/extensions.hpp"

#include <memory>

namespace zs::server {

// The whole server, wired by hand: the order of construction is the order of dependency, and
// destruction reverses it.
// Threading: from one thread, which is not an io thread.
class Application {
public:
    // Opens the stores, brings the schema up to date when that is configured, loads the keys.
    // Errors: what stood in the way, for the operator.
    static Result<std::unique_ptr<Application>> start_blocking(const Config& config,
                                                               DataDirectory data,
                                                               Extensions extensions = {});
    ~Application();
    Application(const Application&) = delete;
    Application& operator=(const Application&) = delete;

    // Accepts connections from here on. Errors: Unavailable naming the address.
    Result<void> listen();
    std::string url() const;  // "http://127.0.0.1:8080"
    // With --dev only: an admin's token.
    std::string dev_token() const;

    // Blocks until SIGTERM or SIGINT.
    int wait_for_signal_blocking();
    // Refuses new work, finishes what runs within the configured grace, flushes.
    void stop_blocking();

private:
    struct Parts;
    explicit Application(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace zs::server
