#include "adapters/process/shim_pool.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

namespace zs::process {

namespace {

constexpr int kControl = 3;
constexpr int kSendPatienceMs = 5000;

bool wait_to_send(int socket) {
    pollfd polled{socket, POLLOUT, 0};
    return ::poll(&polled, 1, kSendPatienceMs) > 0;
}

// As new: no signal blocked or ignored, nothing open but the control line.
class SpawnAttributes {
public:
    explicit SpawnAttributes(int control) {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawn_file_actions_adddup2(&actions_, control, kControl);
        ::posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~SpawnAttributes() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    SpawnAttributes(const SpawnAttributes&) = delete;
    SpawnAttributes& operator=(const SpawnAttributes&) = delete;

    const posix_spawn_file_actions_t* actions() const { return &actions_; }
    const posix_spawnattr_t* attributes() const { return &attributes_; }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

}  // namespace

Result<void> ShimLine::send_blocking(FrameKind kind, std::string_view bytes) {
    if (kind == FrameKind::Start) done_ = false;
    const auto frame = make_frame(kind, bytes);
    std::string_view rest = frame;
    while (!rest.empty()) {
        const ssize_t sent = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        // Waiting for wakes makes the socket one that never blocks.
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && wait_to_send(socket_.get()))
            continue;
        if (sent <= 0) {
            return unavailable(std::string("a job shim does not answer: ") + std::strerror(errno));
        }
        rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

void ShimLine::send(FrameKind kind, std::string_view bytes) {
    // Small frames go in one piece or, when the shim has long not read, not at all.
    const auto frame = make_frame(kind, bytes);
    (void)!::send(socket_.get(), frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool ShimLine::take_wakes() {
    char wakes[256];
    while (true) {
        const ssize_t got = ::recv(socket_.get(), wakes, sizeof wakes, MSG_DONTWAIT);
        const auto end = wakes + std::max<ssize_t>(got, 0);
        done_ = done_ || std::find(wakes, end, static_cast<char>(Wake::Done)) != end;
        if (got > 0 || (got < 0 && errno == EINTR)) continue;
        return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }
}

ShimPool::~ShimPool() {
    const std::lock_guard lock(mutex_);
    for (auto& line : idle_) {
        line->close();
        // It does nothing but wait for this.
        if (line->pid() > 0) ::waitpid(line->pid(), nullptr, 0);
    }
    reap();
}

Result<std::unique_ptr<ShimLine>> ShimPool::take_blocking() {
    {
        const std::lock_guard lock(mutex_);
        reap();
        while (!idle_.empty()) {
            auto line = std::move(idle_.back());
            idle_.pop_back();
            if (line->take_wakes()) return line;
            leaving_.push_back(line->pid());
        }
    }
    return start_blocking();
}

Result<std::unique_ptr<ShimLine>> ShimPool::start_blocking() const {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return unavailable(std::string("cannot start a job shim: ") + std::strerror(errno));
    }
    Descriptor ours(ends[0]);
    const Descriptor theirs(ends[1]);
    ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
    std::vector<char*> arguments;
    for (const auto& argument : command_)
        arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    // What the loader needs to find our libraries, and nothing that jobs could see.
    std::string library_path = "LD_LIBRARY_PATH=";
    if (const char* set = std::getenv("LD_LIBRARY_PATH")) library_path += set;
    char* environment[] = {library_path.data(), nullptr};
    const SpawnAttributes how(theirs.get());
    pid_t pid = 0;
    const int failed = ::posix_spawn(&pid, arguments[0], how.actions(), how.attributes(),
                                     arguments.data(), environment);
    if (failed != 0) {
        return unavailable(std::string("cannot start a job shim: ") + std::strerror(failed));
    }
    return std::make_unique<ShimLine>(std::move(ours), pid);
}

void ShimPool::give_back(std::unique_ptr<ShimLine> line) {
    {
        const std::lock_guard lock(mutex_);
        if (idle_.size() < idle_max_) {
            idle_.push_back(std::move(line));
            return;
        }
    }
    drop(std::move(line));
}

void ShimPool::drop(std::unique_ptr<ShimLine> line) {
    line->close();
    const std::lock_guard lock(mutex_);
    if (line->pid() > 0) leaving_.push_back(line->pid());
    reap();
}

void ShimPool::reap() {
    std::erase_if(leaving_,
                  [](pid_t pid) { return pid <= 0 || ::waitpid(pid, nullptr, WNOHANG) != 0; });
}

std::size_t ShimPool::idle() const {
    const std::lock_guard lock(mutex_);
    return idle_.size();
}

}  // namespace zs::process
