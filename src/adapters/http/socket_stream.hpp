#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zs::http {

// A connected socket with what waits to be sent. Reads and writes only when the kernel said it
// would not be in vain, so that a quiet socket costs no system call.
// Threading: the connection's loop.
class SocketStream {
public:
    explicit SocketStream(int fd) : fd_(fd) {}
    ~SocketStream() { close(); }
    SocketStream(const SocketStream&) = delete;
    SocketStream& operator=(const SocketStream&) = delete;

    int fd() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }
    void close();
    void shutdown_output();

    // Edge-triggered news from epoll.
    void note_events(std::uint32_t events);
    bool readable() const { return readable_; }
    // The client will send no more, or the connection is gone.
    bool peer_finished() const { return peer_finished_; }
    bool broken() const { return broken_; }

    enum class Io { Done, Blocked, Closed };
    // Done: `got` > 0 bytes.
    Io receive(char* to, std::size_t size, std::size_t& got);

    // The place to append small things to.
    std::string& output();
    // Takes `bytes` over without copying.
    void append_owned(std::string bytes);
    // Done: everything is sent.
    Io flush();
    std::size_t unsent() const;
    // Gives the socket away, and what it has not sent yet.
    int release(std::string& unsent);

private:
    struct Segment {
        std::string bytes;
        bool owned_whole = false;  // nothing may be appended
    };
    void advance(std::size_t sent);

    int fd_;
    bool readable_ = false;
    bool writable_ = true;
    bool peer_finished_ = false;
    bool broken_ = false;
    std::vector<Segment> segments_;
    std::size_t first_ = 0;   // segment to send next
    std::size_t offset_ = 0;  // in it
};

}  // namespace zs::http
