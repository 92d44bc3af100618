#pragma once

#include "adapters/process/descriptor.hpp"
#include "adapters/process/shim_message.hpp"
#include "base/error.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <vector>

namespace zs::process {

// The server's end of the line to a shim. Letting it go does not end what the shim runs.
class ShimLine {
public:
    // `pid`: also of a shim that an earlier server started.
    ShimLine(Descriptor socket, pid_t pid) : socket_(std::move(socket)), pid_(pid) {}

    int fd() const { return socket_.get(); }
    pid_t pid() const { return pid_; }
    // Waits for a shim that is slow, up to some seconds. Errors: Unavailable.
    Result<void> send_blocking(FrameKind kind, std::string_view bytes);
    // Never waits. Threading: any, also beside the owner's calls.
    void send(FrameKind kind, std::string_view bytes);
    // Takes what wakes are there. False when the shim is gone.
    bool take_wakes();
    // The shim itself said that its attempt is over. A program can write into the spool, but not
    // here.
    bool is_done() const { return done_; }
    void close() { socket_.close(); }

private:
    Descriptor socket_;
    pid_t pid_;
    bool done_ = false;
};

// Shims that wait for work.
// Threading: any. Lifetime: idle shims end with it; busy ones go on with what they run.
class ShimPool {
public:
    // `command` makes this binary a shim.
    ShimPool(std::vector<std::string> command, std::size_t idle_max)
        : command_(std::move(command)), idle_max_(idle_max) {}
    ~ShimPool();
    ShimPool(const ShimPool&) = delete;
    ShimPool& operator=(const ShimPool&) = delete;

    // An idle one, or a new one. Errors: Unavailable.
    Result<std::unique_ptr<ShimLine>> take_blocking();
    // `line`: its attempt has ended.
    void give_back(std::unique_ptr<ShimLine> line);
    // Its shim is gone, or will go when it is done.
    void drop(std::unique_ptr<ShimLine> line);
    std::size_t idle() const;

private:
    Result<std::unique_ptr<ShimLine>> start_blocking() const;
    void reap();  // with mutex_ held

    const std::vector<std::string> command_;
    const std::size_t idle_max_;
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<ShimLine>> idle_;
    std::vector<pid_t> leaving_;
};

}  // namespace zs::process
