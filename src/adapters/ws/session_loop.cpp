#include "adapters/ws/session_loop.hpp"

#include "adapters/ws/limits.hpp"
#include "adapters/ws/session.hpp"
#include "base/log.hpp"

#include <boost/asio/post.hpp>

#include <array>
#include <cstring>
#include <future>
#include <sys/epoll.h>
#include <unistd.h>

namespace zs::ws {
namespace {

constexpr int kEventsPerWait = 128;
constexpr int kWaitsPerTurn = 4;

metrics::Counter& messages(std::string_view direction) {
    return metrics::counter("ws_messages_total", "Messages of WebSockets, events among them.",
                            {{"direction", std::string(direction)}});
}

}  // namespace

SessionLoop::SessionLoop(WsServer& server, boost::asio::io_context& io, events::FanoutLoop& fanout)
    : server_(server),
      io_(io),
      fanout_(fanout),
      epoll_(io.get_executor(), ::epoll_create1(EPOLL_CLOEXEC)),
      ticker_(io.get_executor()),
      now_(std::chrono::steady_clock::now()),
      buffer_size_(limits::kReadBufferBytes),
      buffer_(new char[limits::kReadBufferBytes]),
      open_(metrics::gauge("ws_connections", "Open WebSockets.")),
      in_(messages("in")),
      out_(messages("out")) {}

SessionLoop::~SessionLoop() = default;

void SessionLoop::accept(NewConnection connection) {
    now_ = std::chrono::steady_clock::now();
    const int fd = connection.fd;
    const auto session = std::make_shared<Session>(*this, std::move(connection));
    session->index = sessions_.size();
    sessions_.push_back(session);
    open_.add(1);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = session.get();
    if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, fd, &event) != 0) {
        log::error("cannot watch a WebSocket", {{"error", std::strerror(errno)}});
        return session->cut();
    }
    if (!armed_) {
        armed_ = true;
        arm();
    }
    arm_tick();
    session->start();
}

void SessionLoop::arm() {
    epoll_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                          if (!error) self->on_ready();
                      });
}

void SessionLoop::on_ready() {
    now_ = std::chrono::steady_clock::now();
    std::array<epoll_event, kEventsPerWait> events;
    for (int turn = 0; turn < kWaitsPerTurn; ++turn) {
        const int count = ::epoll_wait(epoll_.native_handle(), events.data(), kEventsPerWait, 0);
        for (int i = 0; i < count; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            static_cast<Session*>(event.data.ptr)->on_events(event.events);
        }
        // Events of this batch may have pointed to them until now.
        gone_.clear();
        if (count < kEventsPerWait) break;
    }
    arm();
}

void SessionLoop::remove(Session& session) {
    const std::size_t index = session.index;
    gone_.push_back(std::move(sessions_[index]));
    if (index + 1 != sessions_.size()) {
        sessions_[index] = std::move(sessions_.back());
        sessions_[index]->index = index;
    }
    sessions_.pop_back();
    open_.add(-1);
    server_.give_up();
    if (gone_.size() == 1)
        boost::asio::post(io_, [self = shared_from_this()] { self->gone_.clear(); });
}

void SessionLoop::arm_tick() {
    if (ticking_) return;
    ticking_ = true;
    ticker_.expires_after(limits::kTick);
    ticker_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error) self->tick();
    });
}

void SessionLoop::tick() {
    ticking_ = false;
    now_ = std::chrono::steady_clock::now();
    const auto time = server_.clock().now();
    // Backwards: a session that goes away is replaced by one that was visited.
    for (std::size_t i = sessions_.size(); i > 0; --i)
        sessions_[i - 1]->on_tick(time);
    if (!sessions_.empty()) arm_tick();
}

void SessionLoop::close_all() {
    boost::asio::post(io_, [self = shared_from_this()] {
        const auto all = self->sessions_;
        for (const auto& session : all)
            session->close(CloseCode::GoingAway, "the server stops");
    });
}

void SessionLoop::cut_all() {
    boost::asio::post(io_, [self = shared_from_this()] {
        const auto all = self->sessions_;
        for (const auto& session : all)
            session->cut();
    });
}

void SessionLoop::stop_blocking() {
    std::promise<void> stopped;
    boost::asio::post(io_, [self = shared_from_this(), &stopped] {
        self->ticker_.cancel();
        boost::system::error_code ignored;
        self->epoll_.close(ignored);
        self->gone_.clear();
        stopped.set_value();
    });
    stopped.get_future().wait();
}

}  // namespace zs::ws
