#pragma once

#include "adapters/process/descriptor.hpp"
#include "adapters/process/shim_message.hpp"

#include <string>

namespace zs::process {

// The shim's end of its line to the server. The server may go away, and another one come.
// Threading: one.
class ControlChannel {
public:
    explicit ControlChannel(Descriptor socket) : socket_(std::move(socket)) {}

    int fd() const { return socket_.get(); }
    bool is_open() const { return static_cast<bool>(socket_); }
    // Takes what has come, without waiting. Closes itself when the other end is gone.
    void receive();
    // The next whole frame; `frame.bytes` holds until the next call.
    bool take(Frame& frame);
    // Look is dropped when others of its kind are still to be read; Done waits for room.
    void wake(Wake what);
    void replace(Descriptor socket);
    void close();

private:
    Descriptor socket_;
    std::string inbox_;
    std::size_t taken_ = 0;
};

}  // namespace zs::process
