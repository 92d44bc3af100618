#include "server/commands/own_server.hpp"

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

constexpr std::string_view kListening = "zserver listening on ";
constexpr std::string_view kToken = "dev token (24 h, role admin): ";

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

OwnServer::OwnServer(std::filesystem::path data, std::vector<std::string> variables)
    : data_(std::move(data)), variables_(std::move(variables)) {}

OwnServer::~OwnServer() {
    kill_blocking();
}

Result<void> OwnServer::start_blocking() {
    std::vector<std::string> arguments{"zserver", "server", "--dev",  "--host",      "127.0.0.1",
                                       "--port",  "0",      "--data", data_.string()};
    std::vector<std::string> environment{variable("PATH", "/usr/bin:/bin"),
                                         variable("HOME", "/"),
                                         "ZOBS_METRICS_ADDR=127.0.0.1:0",
                                         "ZRATE_LIMIT_USER_PER_MINUTE=0",
                                         "ZOBS_LOG_LEVEL=error",
                                         "ZWORKER_TEMP_DIR=" + (data_ / "worker").string()};
    environment.insert(environment.end(), variables_.begin(), variables_.end());
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
        return unavailable("the server cannot be started");
    }
    return read_announcement(output_);
}

// Its first two lines. What it prints later is not read: it prints no more.
Result<void> OwnServer::read_announcement(int descriptor) {
    std::string text;
    std::array<char, 4096> piece{};
    while (true) {
        const auto url = text.find(kListening);
        const auto token = text.find(kToken);
        if (token != std::string::npos && text.find('\n', token) != std::string::npos) {
            const auto url_end = text.find('\n', url);
            url_ = text.substr(url + kListening.size(), url_end - url - kListening.size());
            const auto begin = token + kToken.size();
            token_ = text.substr(begin, text.find('\n', token) - begin);
            return {};
        }
        const auto got = read(descriptor, piece.data(), piece.size());
        if (got <= 0) return unavailable("the server ended before it listened");
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
}

bool OwnServer::end(int signal) {
    if (pid_ == 0) return true;
    ::kill(pid_, signal);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    pid_ = 0;
    if (output_ >= 0) close(output_);
    output_ = -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void OwnServer::kill_blocking() {
    end(SIGKILL);
}

bool OwnServer::stop_blocking() {
    return end(SIGTERM);
}

ScratchFolder::ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "zserver-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace zs::server
