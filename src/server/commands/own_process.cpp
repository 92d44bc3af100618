#include "server/commands/own_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace zs::server {
namespace {

// Pointers to texts that outlive it, as exec wants them.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts)
        out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

std::string variable(const char* name, const char* fallback) {
    const char* value = std::getenv(name);
    return std::string(name) + "=" + (value == nullptr ? fallback : value);
}

}  // namespace

OwnProcess::~OwnProcess() {
    kill_blocking();
}

Result<std::string> OwnProcess::start_blocking(std::vector<std::string> arguments,
                                               const std::vector<std::string>& variables,
                                               std::string_view announced) {
    arguments.insert(arguments.begin(), "zserver");
    std::vector<std::string> environment{variable("PATH", "/usr/bin:/bin"), variable("HOME", "/")};
    environment.insert(environment.end(), variables.begin(), variables.end());
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return unavailable("no pipe can be made");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    auto argv = pointers_to(arguments);
    auto envp = pointers_to(environment);
    const int failed =
        posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    output_ = ends[0];
    if (failed != 0) {
        pid_ = 0;
        return unavailable("zserver " + arguments[1] + " cannot be started");
    }
    std::string text;
    std::array<char, 4096> piece{};
    while (true) {
        const auto found = text.find(announced);
        if (found != std::string::npos && text.find('\n', found) != std::string::npos) return text;
        const auto got = read(output_, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return unavailable("zserver " + arguments[1] + " ended before it was ready");
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
}

void OwnProcess::kill() {
    if (pid_ != 0) ::kill(pid_, SIGKILL);
}

bool OwnProcess::end_blocking(int signal) {
    if (pid_ == 0) return true;
    ::kill(pid_, signal);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    pid_ = 0;
    if (output_ >= 0) close(output_);
    output_ = -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void OwnProcess::kill_blocking() {
    end_blocking(SIGKILL);
}

bool OwnProcess::stop_blocking() {
    return end_blocking(SIGTERM);
}

}  // namespace zs::server
