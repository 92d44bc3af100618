#include "adapters/process/control_channel.hpp"

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace zs::process {

void ControlChannel::receive() {
    inbox_.erase(0, taken_);
    taken_ = 0;
    char piece[16384];
    while (is_open()) {
        const ssize_t got = ::recv(socket_.get(), piece, sizeof piece, MSG_DONTWAIT);
        if (got > 0) {
            inbox_.append(piece, static_cast<std::size_t>(got));
            continue;
        }
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        close();
    }
}

bool ControlChannel::take(Frame& frame) {
    std::string_view rest = std::string_view(inbox_).substr(taken_);
    const auto whole = take_frame(rest, frame);
    if (!whole) {
        close();
        return false;
    }
    taken_ = inbox_.size() - rest.size();
    return *whole;
}

void ControlChannel::wake(Wake what) {
    const char byte = static_cast<char>(what);
    while (is_open()) {
        const ssize_t sent = ::send(socket_.get(), &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        const bool full = sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (!full || what == Wake::Look) return;
        pollfd polled{socket_.get(), POLLOUT, 0};
        (void)::poll(&polled, 1, -1);
    }
}

void ControlChannel::replace(Descriptor socket) {
    close();
    socket_ = std::move(socket);
}

void ControlChannel::close() {
    socket_.close();
    inbox_.clear();
    taken_ = 0;
}

}  // namespace zs::process
