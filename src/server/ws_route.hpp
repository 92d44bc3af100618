#pragma once

#include "adapters/http/router.hpp"
#include "adapters/ws/connect_limiter.hpp"
#include "adapters/ws/ws_server.hpp"
#include "core/identity/authenticator.hpp"

#include <string>
#include <vector>

namespace zs::server {

// GET /ws: checks what HTTP brought, then hands the connection over to the WebSocket server.
// Source: http-api.md section 9.1. Lifetime: what it was made of outlives it; it outlives the
// router.
class WsRoute {
public:
    struct Options {
        std::vector<std::string> origins;
        bool any_origin = false;
        std::uint32_t connects_per_second = 10;
    };
    WsRoute(ws::WsServer& sockets, identity::Authenticator& authenticator, Options options);
    void register_routes(http::Router& router);

private:
    async::Task<Result<http::Response>> connect(http::Request& request);
    Result<void> check_client(const http::Request& request);
    // Who connects; without a principal when no credential was sent.
    async::Task<Result<events::FeedAccess>> find_access(http::Request& request);
    http::Response hand_over(const http::Request& request, std::string accept,
                             events::FeedAccess access);

    ws::WsServer& sockets_;
    identity::Authenticator& authenticator_;
    const Options options_;
    ws::ConnectLimiter limiter_;
};

}  // namespace zs::server
