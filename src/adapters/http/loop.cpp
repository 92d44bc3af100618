#include "adapters/http/loop.hpp"

#include "adapters/http/connection.hpp"
#include "base/log.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace zs::http {
namespace {

constexpr int kEventsPerWait = 128;
constexpr int kWaitsPerTurn = 4;
constexpr int kAcceptsPerTurn = 64;
constexpr std::size_t kSpareWorkspaces = 64;
constexpr std::chrono::milliseconds kTickMax{500};
constexpr std::chrono::milliseconds kTickMin{5};

constexpr std::string_view kBusyAnswer =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 85\r\n"
    "Connection: close\r\nRetry-After: 5\r\nX-Content-Type-Options: nosniff\r\n\r\n"
    R"({"error":"unavailable","message":"too many connections","request_id":"","details":{}})";

// Timeouts are noticed within an eighth of the shortest one.
std::chrono::milliseconds tick_period(const ServerLimits& limits) {
    const auto shortest = std::min({limits.header_timeout, limits.body_timeout, limits.idle_timeout,
                                    limits.handler_timeout, limits.write_timeout});
    return std::clamp(shortest / 8, kTickMin, kTickMax);
}

Error cannot_listen(const std::string& host, std::uint16_t port, int code) {
    return unavailable("cannot listen on " + host + ":" + std::to_string(port) + ": "
                       + std::strerror(code));
}

}  // namespace

Loop::Loop(std::shared_ptr<ServerCore> core, boost::asio::io_context& io)
    : core_(std::move(core)),
      io_(io),
      epoll_(io.get_executor(), ::epoll_create1(EPOLL_CLOEXEC)),
      ticker_(io.get_executor()),
      tick_period_(tick_period(core_->config.limits)),
      metrics_(core_->router) {
    update_time();
}

Loop::~Loop() {
    if (listener_ >= 0) ::close(listener_);
}

// ---- listening

Result<int> Loop::open_listener(const std::string& host, std::uint16_t port, bool shared) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int lookup = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (lookup != 0) {
        return unavailable("cannot listen on " + host + ": " + ::gai_strerror(lookup));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
    const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return cannot_listen(host, port, errno);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // inherited by what is accepted
    if (shared) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (::bind(fd, found->ai_addr, found->ai_addrlen) != 0
        || (shared && ::listen(fd, SOMAXCONN) != 0)) {
        const int code = errno;
        ::close(fd);
        return cannot_listen(host, port, code);
    }
    return fd;
}

Result<void> Loop::bind(const std::string& host, std::uint16_t port) {
    const auto opened = open_listener(host, port, true);
    if (!opened) return opened.error();
    listener_ = *opened;
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.ss_family == AF_INET6
                      ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                      : reinterpret_cast<const sockaddr_in&>(address).sin_port);
    return {};
}

Result<void> Loop::check_free(const std::string& host, std::uint16_t port) {
    // A shared port would be taken although another server has it: without sharing it cannot be.
    const auto probe = open_listener(host, port, false);
    if (!probe) return probe.error();
    ::close(*probe);
    return {};
}

void Loop::start() {
    boost::asio::post(io_, [self = shared_from_this()] { self->start_on_loop(); });
}

void Loop::stop_accepting() {
    boost::asio::post(io_, [self = shared_from_this()] { self->stop_on_loop(); });
}

void Loop::cut() {
    boost::asio::post(io_, [self = shared_from_this()] {
        const auto all = self->connections_;
        for (const auto& connection : all)
            connection->cut();
        self->gone_.clear();
    });
}

void Loop::start_on_loop() {
    {
        const std::lock_guard lock(core_->stop_mutex);
        if (core_->stopping) return;
        ++core_->listening;
    }
    watch_listener();
    arm();
}

void Loop::watch_listener() {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, listener_, &event);
}

void Loop::stop_on_loop() {
    if (listener_ < 0) return;
    accept_some();  // who was in the queue before the stop is answered
    ::close(listener_);
    listener_ = -1;
    update_time();
    const auto all = connections_;
    for (const auto& connection : all)
        connection->on_stop();
    gone_.clear();
    const std::lock_guard lock(core_->stop_mutex);
    if (core_->listening > 0) --core_->listening;
    core_->changed.notify_all();
}

// ---- events

void Loop::arm() {
    epoll_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                          if (!error) self->on_ready();
                      });
}

void Loop::on_ready() {
    update_time();
    std::array<epoll_event, kEventsPerWait> events;
    for (int turn = 0; turn < kWaitsPerTurn; ++turn) {
        const int count = ::epoll_wait(epoll_.native_handle(), events.data(), kEventsPerWait, 0);
        for (int i = 0; i < count; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            if (event.data.ptr == nullptr) {
                accept_some();
            } else {
                static_cast<Connection*>(event.data.ptr)->on_events(event.events);
            }
        }
        // Events of this batch may have pointed to them until now.
        gone_.clear();
        if (count < kEventsPerWait) break;
    }
    arm();
}

void Loop::accept_some() {
    for (int i = 0; i < kAcceptsPerTurn && listener_ >= 0; ++i) {
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        const int fd = ::accept4(listener_, reinterpret_cast<sockaddr*>(&address), &size,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            adopt(fd, IpAddress::from_socket(reinterpret_cast<const sockaddr&>(address)));
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return;
        // Out of descriptors or memory: the queue stays full, so look away for a tick.
        log::error("cannot accept connections", {{"error", std::strerror(errno)}});
        ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, listener_, nullptr);
        accept_paused_ = true;
        arm_tick();
        return;
    }
}

void Loop::adopt(int fd, const IpAddress& peer) {
    if (!core_->caps.admit(peer)) {
        // A new socket has room for this; whether the client reads it is its own affair.
        [[maybe_unused]] const auto sent =
            ::send(fd, kBusyAnswer.data(), kBusyAnswer.size(), MSG_NOSIGNAL);
        ::shutdown(fd, SHUT_WR);
        ::close(fd);
        return;
    }
    auto connection = std::make_shared<Connection>(shared_from_this(), fd, peer);
    connection->index = connections_.size();
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = connection.get();
    if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, fd, &event) != 0) {
        log::error("cannot watch a connection", {{"error", std::strerror(errno)}});
        return;  // its destructor closes it
    }
    connections_.push_back(std::move(connection));
    arm_tick();
}

void Loop::unwatch(int fd) {
    ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, fd, nullptr);
}

void Loop::remove(Connection& connection) {
    const std::size_t index = connection.index;
    if (gone_.empty()) boost::asio::post(io_, [self = shared_from_this()] { self->gone_.clear(); });
    gone_.push_back(std::move(connections_[index]));
    if (index + 1 != connections_.size()) {
        connections_[index] = std::move(connections_.back());
        connections_[index]->index = index;
    }
    connections_.pop_back();
}

// ---- time

void Loop::arm_tick() {
    if (ticking_) return;
    ticking_ = true;
    ticker_.expires_after(tick_period_);
    ticker_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error) self->tick();
    });
}

void Loop::tick() {
    ticking_ = false;
    update_time();
    // Backwards: a connection that goes away is replaced by one that was visited.
    for (std::size_t i = connections_.size(); i > 0; --i)
        connections_[i - 1]->on_tick();
    gone_.clear();
    if (accept_paused_ && listener_ >= 0) {
        accept_paused_ = false;
        watch_listener();
    }
    if (!connections_.empty()) arm_tick();
}

void Loop::update_time() {
    now_ = std::chrono::steady_clock::now();
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
    unix_millis_ = static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000;
}

std::string_view Loop::date() {
    const std::int64_t secs = unix_millis_ / 1000;
    if (secs != date_secs_) {
        date_secs_ = secs;
        const std::time_t time = secs;
        std::tm parts{};
        ::gmtime_r(&time, &parts);
        // Names as in RFC 9110 section 5.6.7, whatever the locale.
        static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        date_ = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday],
                            parts.tm_mday, kMonths[parts.tm_mon], parts.tm_year + 1900,
                            parts.tm_hour, parts.tm_min, parts.tm_sec);
    }
    return date_;
}

std::unique_ptr<Workspace> Loop::take_workspace() {
    if (!spare_.empty()) {
        auto workspace = std::move(spare_.back());
        spare_.pop_back();
        return workspace;
    }
    const auto& limits = core_->config.limits;
    return std::make_unique<Workspace>(std::max<std::size_t>(
        32768, std::size_t{limits.request_line_bytes_max} + limits.header_bytes_max + 8192));
}

void Loop::give_back(std::unique_ptr<Workspace> workspace) {
    if (spare_.size() < kSpareWorkspaces) spare_.push_back(std::move(workspace));
}

}  // namespace zs::http
