#include "adapters/http/socket_stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace zs::http {
namespace {

constexpr std::size_t kSegmentsPerWrite = 16;
// A buffer that grew beyond this is given back after use.
constexpr std::size_t kKeptBytesMax = 16384;

}  // namespace

void SocketStream::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

void SocketStream::shutdown_output() {
    if (fd_ >= 0) ::shutdown(fd_, SHUT_WR);
}

void SocketStream::note_events(std::uint32_t events) {
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable_ = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) peer_finished_ = true;
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) broken_ = true;
}

SocketStream::Io SocketStream::receive(char* to, std::size_t size, std::size_t& got) {
    got = 0;
    if (fd_ < 0) return Io::Closed;
    if (!readable_) return Io::Blocked;
    while (true) {
        const ssize_t count = ::recv(fd_, to, size, 0);
        if (count > 0) {
            got = static_cast<std::size_t>(count);
            // A short read emptied the socket: the next bytes come with an event of their own. The
            // end of the stream had its event already, and is to be read.
            if (got < size && !peer_finished_) readable_ = false;
            return Io::Done;
        }
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            readable_ = false;
            return Io::Blocked;
        }
        peer_finished_ = true;
        broken_ = broken_ || count < 0;
        return Io::Closed;
    }
}

std::string& SocketStream::output() {
    if (segments_.empty() || segments_.back().owned_whole) segments_.emplace_back();
    return segments_.back().bytes;
}

void SocketStream::append_owned(std::string bytes) {
    if (bytes.empty()) return;
    segments_.push_back({std::move(bytes), true});
}

std::size_t SocketStream::unsent() const {
    std::size_t count = 0;
    for (std::size_t i = first_; i < segments_.size(); ++i)
        count += segments_[i].bytes.size();
    return count - offset_;
}

int SocketStream::release(std::string& unsent) {
    for (; first_ < segments_.size(); ++first_, offset_ = 0)
        unsent.append(segments_[first_].bytes, offset_);
    segments_.clear();
    first_ = 0;
    return std::exchange(fd_, -1);
}

void SocketStream::advance(std::size_t sent) {
    while (first_ < segments_.size()) {
        const std::size_t left = segments_[first_].bytes.size() - offset_;
        if (sent < left) {
            offset_ += sent;
            return;
        }
        sent -= left;
        offset_ = 0;
        ++first_;
    }
    // All sent. The first segment's memory serves the next response.
    first_ = 0;
    if (!segments_.empty()) {
        const bool keep =
            !segments_[0].owned_whole && segments_[0].bytes.capacity() <= kKeptBytesMax;
        segments_.resize(keep ? 1 : 0);
        if (keep) segments_[0].bytes.clear();
    }
}

SocketStream::Io SocketStream::flush() {
    while (unsent() > 0) {
        if (fd_ < 0 || broken_) return Io::Closed;
        if (!writable_) return Io::Blocked;
        ssize_t sent = 0;
        if (segments_.size() - first_ == 1) {
            const auto& bytes = segments_[first_].bytes;
            sent = ::send(fd_, bytes.data() + offset_, bytes.size() - offset_, MSG_NOSIGNAL);
        } else {
            std::array<iovec, kSegmentsPerWrite> parts;
            const std::size_t count = std::min(segments_.size() - first_, parts.size());
            for (std::size_t i = 0; i < count; ++i) {
                auto& bytes = segments_[first_ + i].bytes;
                const std::size_t skip = i == 0 ? offset_ : 0;
                parts[i] = iovec{bytes.data() + skip, bytes.size() - skip};
            }
            msghdr message{};
            message.msg_iov = parts.data();
            message.msg_iovlen = count;
            sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
        }
        if (sent >= 0) {
            advance(static_cast<std::size_t>(sent));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            writable_ = false;
            return Io::Blocked;
        }
        broken_ = true;
        peer_finished_ = true;
        return Io::Closed;
    }
    return Io::Done;
}

}  // namespace zs::http
