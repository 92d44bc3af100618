#pragma once

#include "base/error.hpp"

#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace zs::server {

// Another process of this very program, for commands that try one out.
// Lifetime: killed on destruction. Threading: one thread.
class OwnProcess {
public:
    OwnProcess() = default;
    ~OwnProcess();
    OwnProcess(const OwnProcess&) = delete;
    OwnProcess& operator=(const OwnProcess&) = delete;

    // `arguments` behind "zserver"; `variables` ("NAME=VALUE") are added to a small environment.
    // Waits until its output holds `announced` and a line end behind it; answers that output.
    // Errors: Unavailable when it ends instead.
    Result<std::string> start_blocking(std::vector<std::string> arguments,
                                       const std::vector<std::string>& variables,
                                       std::string_view announced);
    bool is_running() const { return pid_ != 0; }
    // SIGKILL, without waiting for the end: kill_blocking() does.
    void kill();
    void kill_blocking();
    // SIGTERM; answers whether it ended with 0.
    bool stop_blocking();

private:
    bool end_blocking(int signal);

    pid_t pid_ = 0;
    int output_ = -1;
};

}  // namespace zs::server
