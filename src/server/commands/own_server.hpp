#pragma once

#include "base/error.hpp"

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace zs::server {

// A zserver of this very program on a free loopback port, for commands that try one out.
// Lifetime: killed on destruction. Threading: one thread.
class OwnServer {
public:
    // `data` is kept; `variables` ("NAME=VALUE") are added to a small environment.
    OwnServer(std::filesystem::path data, std::vector<std::string> variables);
    ~OwnServer();
    OwnServer(const OwnServer&) = delete;
    OwnServer& operator=(const OwnServer&) = delete;

    // Waits until it listens. Errors: Unavailable when it ends instead.
    Result<void> start_blocking();
    // SIGKILL, and waits for the end.
    void kill_blocking();
    // SIGTERM; answers whether it ended with 0.
    bool stop_blocking();

    const std::string& url() const { return url_; }
    const std::string& token() const { return token_; }  // an administrator's

private:
    Result<void> read_announcement(int descriptor);
    bool end(int signal);

    const std::filesystem::path data_;
    const std::vector<std::string> variables_;
    pid_t pid_ = 0;
    int output_ = -1;
    std::string url_;
    std::string token_;
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
