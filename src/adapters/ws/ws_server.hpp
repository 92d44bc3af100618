#pragma once

#include "async/io_runtime.hpp"
#include "core/events/fanout.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace zs::ws {

class SessionLoop;

// Source: http-api.md section 9.7.
struct WsConfig {
    std::size_t connections_max = 20'000;
    std::size_t text_bytes_max = 64 * 1024;
    std::size_t binary_bytes_max = 1 << 20;
    std::size_t subscriptions_max = 100;
    std::uint32_t messages_per_second = 50;  // 0: any
    std::uint32_t messages_burst = 200;
    std::chrono::milliseconds limited_time{10'000};  // beyond the rate for so long: close 4429
    std::chrono::milliseconds auth_timeout{10'000};
    std::chrono::milliseconds ping_every{25'000};
    std::chrono::milliseconds silent_after{60'000};
    // Whether a topic is there for this principal. Errors: NotFound. Rights are checked before.
    std::function<async::Task<Result<void>>(identity::PrincipalPtr, events::TopicFilter)> look_up;
};

// A connection whose handshake is answered.
struct NewConnection {
    int fd = -1;  // ours from here on
    boost::asio::io_context* loop = nullptr;
    std::string received;  // behind the handshake
    std::string unsent;    // of its answer
    std::string client_ip;
    std::string request_id;
    events::FeedAccess access;  // without a principal: the client has to authenticate
};

// WebSocket clients of events, each on the event loop that accepted it.
// Lifetime: fan-out, clock and runtime outlive it; close_blocking() before it is destroyed.
// Threading: any, but accept(): the connection's loop.
class WsServer {
public:
    WsServer(async::IoRuntime& io, events::Fanout& fanout, const Clock& clock, WsConfig config);
    ~WsServer();
    WsServer(const WsServer&) = delete;
    WsServer& operator=(const WsServer&) = delete;

    // Takes a place; accept() uses it, give_up() returns it. False: all are taken.
    bool reserve();
    void give_up() { connections_.fetch_sub(1); }
    void accept(NewConnection connection);

    std::size_t connections() const { return connections_.load(std::memory_order_relaxed); }
    const WsConfig& config() const { return config_; }
    const Clock& clock() const { return clock_; }
    async::IoRuntime& io() { return io_; }

    // Closes everything with 1001, waits for the clients at most `grace`, then cuts.
    void close_blocking(std::chrono::milliseconds grace);

private:
    async::IoRuntime& io_;
    const Clock& clock_;
    const WsConfig config_;
    std::atomic<std::size_t> connections_{0};
    std::vector<std::shared_ptr<SessionLoop>> loops_;
};

}  // namespace zs::ws
