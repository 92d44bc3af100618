#include "adapters/http/server_core.hpp"

namespace zs::http {

bool ConnectionCaps::admit(const IpAddress& peer) {
    if (total_.fetch_add(1) >= total_max_) {
        total_.fetch_sub(1);
        return false;
    }
    if (peer.is_loopback()) return true;
    const std::lock_guard lock(mutex_);
    auto& count = by_client_[peer.client_key()];
    if (count >= per_ip_max_) {
        if (count == 0) by_client_.erase(peer.client_key());
        total_.fetch_sub(1);
        return false;
    }
    ++count;
    return true;
}

void ConnectionCaps::release(const IpAddress& peer) {
    total_.fetch_sub(1);
    if (peer.is_loopback()) return;
    const std::lock_guard lock(mutex_);
    const auto found = by_client_.find(peer.client_key());
    if (found != by_client_.end() && --found->second == 0) by_client_.erase(found);
}

ServerCore::ServerCore(const Router& router_in, CredentialCheck& credentials_in,
                       ServerConfig config_in, CidrList trusted_in)
    : router(router_in),
      credentials(credentials_in),
      config(std::move(config_in)),
      trusted(std::move(trusted_in)),
      cors(config.cors_origins, config.cors_any_origin),
      caps(config.limits.connections_max, config.limits.connections_per_ip_max),
      in_flight(metrics::gauge("http_requests_in_flight", "Requests whose handler runs.")),
      connections(metrics::gauge("http_connections", "Open HTTP connections.")),
      rate_limited(metrics::counter("rate_limited_total", "Requests refused by a rate limit.")) {}

void ServerCore::notify() {
    const std::lock_guard lock(stop_mutex);
    changed.notify_all();
}

bool ServerCore::is_quiet() const {
    return listening == 0 && alive == 0;  // a handler keeps its connection alive
}

}  // namespace zs::http
