#pragma once

#include "adapters/http/request_id.hpp"
#include "adapters/http/request_metrics.hpp"
#include "adapters/http/server_core.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace zs::http {

class Connection;
struct Workspace;

// The server's part of one event loop: a listening socket and the connections accepted on it. They
// have an epoll set of their own inside the loop's, edge-triggered and never changed after a socket
// joined, so that a request costs one read and one write and shares one wait with all others.
// Lifetime: shared with its connections. Threading: its loop, but for what says otherwise.
class Loop : public std::enable_shared_from_this<Loop> {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    Loop(std::shared_ptr<ServerCore> core, boost::asio::io_context& io);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // ---- for the server, from its thread
    // Errors: Unavailable naming the address. `port` 0 takes any free one.
    Result<void> bind(const std::string& host, std::uint16_t port);
    // Errors: Unavailable when another server has the address.
    Result<void> check_free(const std::string& host, std::uint16_t port);
    std::uint16_t port() const { return port_; }
    void start();           // begins to accept
    void stop_accepting();  // and closes what is idle
    void cut();             // ends every connection
    bool stopped() const { return io_.stopped(); }

    // ---- for connections
    ServerCore& core() { return *core_; }
    boost::asio::io_context& io() { return io_; }
    TimePoint now() const { return now_; }  // as of the last event
    std::int64_t unix_millis() const { return unix_millis_; }
    std::string_view date();
    RequestIds& request_ids() { return ids_; }
    RequestMetrics& request_metrics() { return metrics_; }
    std::unique_ptr<Workspace> take_workspace();
    void give_back(std::unique_ptr<Workspace> workspace);
    // Looks no more at a socket that is given away.
    void unwatch(int fd);
    // Forgets a closed connection, once nothing on the stack uses it any more.
    void remove(Connection& connection);

private:
    Result<int> open_listener(const std::string& host, std::uint16_t port, bool shared);
    void start_on_loop();
    void watch_listener();
    void stop_on_loop();
    void arm();
    void on_ready();
    void accept_some();
    void adopt(int fd, const IpAddress& peer);
    void arm_tick();
    void tick();
    void update_time();

    std::shared_ptr<ServerCore> core_;
    boost::asio::io_context& io_;
    boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> epoll_;
    boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                      boost::asio::wait_traits<std::chrono::steady_clock>,
                                      boost::asio::io_context::executor_type>
        ticker_;
    std::chrono::milliseconds tick_period_;
    int listener_ = -1;
    bool accept_paused_ = false;
    bool ticking_ = false;
    std::uint16_t port_ = 0;
    TimePoint now_;
    std::int64_t unix_millis_ = 0;
    std::int64_t date_secs_ = -1;
    std::string date_;
    RequestIds ids_;
    RequestMetrics metrics_;
    std::vector<std::shared_ptr<Connection>> connections_;
    std::vector<std::shared_ptr<Connection>> gone_;
    std::vector<std::unique_ptr<Workspace>> spare_;
};

}  // namespace zs::http
