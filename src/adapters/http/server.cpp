#include "adapters/http/server.hpp"

#include "adapters/http/loop.hpp"
#include "base/log.hpp"

#include <algorithm>

namespace zs::http {
namespace {

// How long a cut connection's handler may take to notice.
constexpr std::chrono::seconds kCutTime{10};

}  // namespace

class Server::Impl {
public:
    Impl(async::IoRuntime& io, const Router& router, CredentialCheck& credentials,
         ServerConfig config)
        : io_(io), router_(router), credentials_(credentials), config_(std::move(config)) {}

    ~Impl() {
        stop_accepting();
        drain_blocking(std::chrono::seconds(0));
    }

    Result<void> listen() {
        auto trusted = CidrList::parse(config_.trusted_proxies);
        if (!trusted) return trusted.error();
        core_ = std::make_shared<ServerCore>(router_, credentials_, config_, std::move(*trusted));
        for (std::size_t i = 0; i < io_.size(); ++i) {
            auto loop = std::make_shared<Loop>(core_, io_.loop(i));
            if (i == 0 && config_.port != 0) {
                if (auto free = loop->check_free(config_.host, config_.port); !free) {
                    return free.error();
                }
            }
            const auto bound = loop->bind(config_.host, i == 0 ? config_.port : port());
            if (!bound) {
                loops_.clear();
                return bound.error();
            }
            loops_.push_back(std::move(loop));
        }
        for (const auto& loop : loops_)
            loop->start();
        return {};
    }

    std::uint16_t port() const { return loops_.empty() ? 0 : loops_.front()->port(); }

    void stop_accepting() {
        if (!core_) return;
        {
            const std::lock_guard lock(core_->stop_mutex);
            if (core_->stopping.exchange(true)) return;
        }
        for (const auto& loop : loops_)
            loop->stop_accepting();
    }

    bool drain_blocking(std::chrono::seconds grace) {
        if (!core_ || wait_until_quiet(grace)) return true;
        for (const auto& loop : loops_)
            loop->cut();
        if (wait_until_quiet(kCutTime)) return true;
        log::error("requests are still running",
                   {{"count", boost::json::value(core_->running.load())}});
        return false;
    }

    std::size_t connections() const { return core_ ? core_->caps.total() : 0; }

private:
    // False when the time is over first. Loops that do not run any more cannot become quiet.
    bool wait_until_quiet(std::chrono::seconds most) {
        const bool over = std::all_of(loops_.begin(), loops_.end(),
                                      [](const auto& loop) { return loop->stopped(); });
        if (over) return true;
        std::unique_lock lock(core_->stop_mutex);
        return core_->changed.wait_for(lock, most, [&] { return core_->is_quiet(); });
    }

    async::IoRuntime& io_;
    const Router& router_;
    CredentialCheck& credentials_;
    ServerConfig config_;
    std::shared_ptr<ServerCore> core_;
    std::vector<std::shared_ptr<Loop>> loops_;
};

Server::Server(async::IoRuntime& io, const Router& router, CredentialCheck& credentials,
               ServerConfig config)
    : impl_(std::make_unique<Impl>(io, router, credentials, std::move(config))) {}

Server::~Server() = default;

Result<void> Server::listen() {
    return impl_->listen();
}
std::uint16_t Server::port() const {
    return impl_->port();
}
void Server::stop_accepting() {
    impl_->stop_accepting();
}
bool Server::drain_blocking(std::chrono::seconds grace) {
    return impl_->drain_blocking(grace);
}
std::size_t Server::connections() const {
    return impl_->connections();
}

}  // namespace zs::http
