#pragma once

#include "server/commands/own_process.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace zs::server {

// A zserver of this very program on a free loopback port, for commands that try one out. Started
// again, it has the same data and the same port.
// Lifetime: killed on destruction. Threading: one thread.
class OwnServer {
public:
    // `data` is kept; `variables` ("NAME=VALUE") are added to a small environment.
    OwnServer(std::filesystem::path data, std::vector<std::string> variables);

    // Waits until it listens. Errors: Unavailable when it ends instead.
    Result<void> start_blocking();
    // SIGKILL, without and with waiting for the end.
    void kill() { process_.kill(); }
    void kill_blocking() { process_.kill_blocking(); }
    // SIGTERM; answers whether it ended with 0.
    bool stop_blocking() { return process_.stop_blocking(); }

    const std::string& url() const { return url_; }
    const std::string& token() const { return token_; }  // an administrator's

private:
    const std::filesystem::path data_;
    const std::vector<std::string> variables_;
    OwnProcess process_;
    std::string port_ = "0";
    std::string url_;
    std::string token_;
};

// A `zserver worker` of this very program, with the label "remote". Started again, it is the same
// worker.
// Lifetime: killed on destruction. Threading: one thread.
class OwnWorker {
public:
    OwnWorker(std::filesystem::path folder, int slots);

    // Waits until it takes work. Errors: Unavailable when it ends instead.
    Result<void> start_blocking(const std::string& url, const std::string& token);
    void kill() { process_.kill(); }
    void kill_blocking() { process_.kill_blocking(); }
    bool stop_blocking() { return process_.stop_blocking(); }

private:
    const std::filesystem::path folder_;
    const int slots_;
    OwnProcess process_;
};

// A folder below the temporary one that goes away with the object.
class ScratchFolder {
public:
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace zs::server
