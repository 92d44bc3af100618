#pragma once

#include "adapters/ws/ws_server.hpp"
#include "base/metrics.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <memory>
#include <span>
#include <vector>

namespace zs::ws {

class Session;

// The sessions of one event loop. They share an epoll set inside the loop's, edge-triggered, and
// one buffer to read into, so that a connection that says nothing holds no buffer at all.
// Lifetime: shared with its handlers. Threading: its loop, but for what says otherwise.
class SessionLoop : public std::enable_shared_from_this<SessionLoop> {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    SessionLoop(WsServer& server, boost::asio::io_context& io, events::FanoutLoop& fanout);
    ~SessionLoop();
    SessionLoop(const SessionLoop&) = delete;
    SessionLoop& operator=(const SessionLoop&) = delete;

    void accept(NewConnection connection);

    // ---- from any thread
    void close_all();
    void cut_all();
    void stop_blocking();

    // ---- for sessions
    WsServer& server() { return server_; }
    events::FanoutLoop& fanout() { return fanout_; }
    boost::asio::io_context& io() { return io_; }
    std::span<char> read_buffer() { return {buffer_.get(), buffer_size_}; }
    TimePoint now() const { return now_; }
    void count_in(std::size_t messages) { in_.add(static_cast<double>(messages)); }
    void count_out(std::size_t messages) { out_.add(static_cast<double>(messages)); }
    void remove(Session& session);

private:
    void arm();
    void on_ready();
    void arm_tick();
    void tick();

    WsServer& server_;
    boost::asio::io_context& io_;
    events::FanoutLoop& fanout_;
    boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> epoll_;
    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>,
                                      boost::asio::io_context::executor_type>
        ticker_;
    bool ticking_ = false;
    bool armed_ = false;
    TimePoint now_;
    std::size_t buffer_size_;
    std::unique_ptr<char[]> buffer_;
    std::vector<std::shared_ptr<Session>> sessions_;
    std::vector<std::shared_ptr<Session>> gone_;
    metrics::Gauge& open_;
    metrics::Counter& in_;
    metrics::Counter& out_;
};

}  // namespace zs::ws
