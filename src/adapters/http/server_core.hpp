#pragma once

#include "adapters/http/cors.hpp"
#include "adapters/http/ip_address.hpp"
#include "adapters/http/rate_limiter.hpp"
#include "adapters/http/server.hpp"
#include "base/metrics.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace zs::http {

// How many connections there may be, in all and per client address.
// Threading: any.
class ConnectionCaps {
public:
    ConnectionCaps(std::size_t total_max, std::size_t per_ip_max)
        : total_max_(total_max), per_ip_max_(per_ip_max) {}

    // False: refuse this connection. True: release() must follow.
    bool admit(const IpAddress& peer);
    void release(const IpAddress& peer);
    std::size_t total() const { return total_.load(std::memory_order_relaxed); }

private:
    std::size_t total_max_;
    std::size_t per_ip_max_;
    std::atomic<std::size_t> total_{0};
    std::mutex mutex_;
    std::unordered_map<std::uint64_t, std::size_t> by_client_;
};

// What the loops of one server share.
// Threading: `stop_mutex` guards `stopping` while it changes and `listening`; the rest is
// immutable, atomic or locks by itself.
struct ServerCore {
    ServerCore(const Router& router, CredentialCheck& credentials, ServerConfig config,
               CidrList trusted);

    const Router& router;
    CredentialCheck& credentials;
    const ServerConfig config;
    const CidrList trusted;
    const CorsPolicy cors;
    RateLimiter limiter;
    ConnectionCaps caps;

    metrics::Gauge& in_flight;
    metrics::Gauge& connections;
    metrics::Counter& rate_limited;

    std::atomic<bool> stopping{false};
    std::atomic<std::size_t> running{0};  // handlers
    std::atomic<std::size_t> alive{0};    // connections that have not been destroyed yet
    std::mutex stop_mutex;
    std::condition_variable changed;  // a listener, a connection or a handler went away
    std::size_t listening = 0;        // loops that accept

    void notify();
    bool is_quiet() const;  // call with stop_mutex held
};

}  // namespace zs::http
