#pragma once

#include <boost/asio/io_context.hpp>

#include <string>
#include <unistd.h>
#include <utility>

namespace zs::http {

// A socket that speaks another protocol from here on. Whoever takes it serves it on the event loop
// that accepted it; HTTP has forgotten it.
// Lifetime: closes the socket unless it was released.
class UpgradedSocket {
public:
    UpgradedSocket(int fd, boost::asio::io_context& loop) : fd_(fd), loop_(&loop) {}
    UpgradedSocket(UpgradedSocket&& other) noexcept
        : received(std::move(other.received)),
          unsent(std::move(other.unsent)),
          fd_(std::exchange(other.fd_, -1)),
          loop_(other.loop_) {}
    UpgradedSocket& operator=(UpgradedSocket&&) = delete;
    ~UpgradedSocket() {
        if (fd_ >= 0) ::close(fd_);
    }

    int release() { return std::exchange(fd_, -1); }
    boost::asio::io_context& loop() const { return *loop_; }

    std::string received;  // came behind the request
    std::string unsent;    // of the answer, where the client was slow

private:
    int fd_;
    boost::asio::io_context* loop_;
};

}  // namespace zs::http
