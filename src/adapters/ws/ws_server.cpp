#include "adapters/ws/ws_server.hpp"

#include "adapters/ws/session_loop.hpp"

#include <thread>
#include <unistd.h>

namespace zs::ws {
namespace {
constexpr std::chrono::milliseconds kLookAgain{5};
constexpr std::chrono::seconds kCutTime{5};
}  // namespace

WsServer::WsServer(async::IoRuntime& io, events::Fanout& fanout, const Clock& clock,
                   WsConfig config)
    : io_(io), clock_(clock), config_(std::move(config)) {
    for (std::size_t i = 0; i < io.size(); ++i)
        loops_.push_back(std::make_shared<SessionLoop>(*this, io.loop(i), fanout.loop(i)));
}

WsServer::~WsServer() = default;

bool WsServer::reserve() {
    if (connections_.fetch_add(1) < config_.connections_max) return true;
    connections_.fetch_sub(1);
    return false;
}

void WsServer::accept(NewConnection connection) {
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        if (&io_.loop(i) == connection.loop) return loops_[i]->accept(std::move(connection));
    }
    ::close(connection.fd);
    give_up();
}

void WsServer::close_blocking(std::chrono::milliseconds grace) {
    using Clock = std::chrono::steady_clock;
    const auto wait_until = [this](Clock::time_point end) {
        while (connections() > 0 && Clock::now() < end)
            std::this_thread::sleep_for(kLookAgain);
    };
    for (const auto& loop : loops_)
        loop->close_all();
    wait_until(Clock::now() + grace);
    for (const auto& loop : loops_)
        loop->cut_all();
    wait_until(Clock::now() + kCutTime);
    for (const auto& loop : loops_)
        loop->stop_blocking();
}

}  // namespace zs::ws
