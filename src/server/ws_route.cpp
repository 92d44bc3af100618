#include "server/ws_route.hpp"

#include "adapters/ws/handshake.hpp"
#include "base/encoding.hpp"
#include "core/identity/client.hpp"

#include <memory>
#include <utility>

namespace zs::server {
namespace {

std::string_view header_of(const http::Request& request, std::string_view name) {
    return request.header(name).value_or(std::string_view{});
}

std::string header_credential(const http::Request& request) {
    constexpr std::string_view kScheme = "bearer ";
    const auto authorization = header_of(request, "authorization");
    if (equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme))
        return std::string(trim(authorization.substr(kScheme.size())));
    if (!authorization.empty()) return std::string(authorization);
    return std::string(header_of(request, "x-api-key"));
}

bool is_loopback(const std::string& ip) {
    return identity::address_in_range(ip, "127.0.0.0/8") || ip == "::1";
}

// A place among the connections, given back unless it is used.
class Place {
public:
    explicit Place(ws::WsServer& sockets) : sockets_(&sockets) {}
    Place(Place&& other) noexcept : sockets_(std::exchange(other.sockets_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
        if (sockets_ != nullptr) sockets_->give_up();
    }
    void use() { sockets_ = nullptr; }

private:
    ws::WsServer* sockets_;
};

}  // namespace

WsRoute::WsRoute(ws::WsServer& sockets, identity::Authenticator& authenticator, Options options)
    : sockets_(sockets),
      authenticator_(authenticator),
      options_(std::move(options)),
      limiter_(options_.connects_per_second) {}

void WsRoute::register_routes(http::Router& router) {
    http::RouteOptions options;
    options.needs = http::optional_token();
    options.counted = false;  // connects have a limit of their own
    router.add(http::Method::Get, "/ws", options,
               [this](http::Request& request) { return connect(request); });
}

Result<void> WsRoute::check_client(const http::Request& request) {
    const auto origin = header_of(request, "origin");
    const bool allowed = (options_.any_origin && !origin.empty())
                         || ws::allows_origin(origin, header_of(request, "host"), options_.origins);
    if (!allowed) return forbidden("pages of this origin may not connect", "origin_not_allowed");
    const std::string ip(request.client_ip());
    if (!is_loopback(ip)
        && !limiter_.allows(identity::network_of(ip), std::chrono::steady_clock::now())) {
        return exhausted("too many connects in a second").with("retry_after_secs", 1);
    }
    return {};
}

async::Task<Result<events::FeedAccess>> WsRoute::find_access(http::Request& request) {
    events::FeedAccess access;
    access.client_ip = std::string(request.client_ip());
    access.credential = header_credential(request);
    if (!access.credential.empty()) {
        // The HTTP server has looked at it.
        if (!request.principal())
            co_return unauthenticated("the credential is malformed, expired or revoked");
        access.principal = request.principal();
        co_return access;
    }
    access.credential = request.query("token").value_or(std::string());
    if (access.credential.empty())
        access.credential =
            std::string(ws::bearer_of(header_of(request, "sec-websocket-protocol")));
    if (access.credential.empty()) co_return access;
    auto found = co_await authenticator_.authenticate(access.credential, access.client_ip);
    if (!found) co_return found.error();
    access.principal = std::move(*found);
    co_return access;
}

async::Task<Result<http::Response>> WsRoute::connect(http::Request& request) {
    const ws::HandshakeRequest handshake(
        header_of(request, "connection"), header_of(request, "upgrade"),
        header_of(request, "sec-websocket-version"), header_of(request, "sec-websocket-key"));
    auto accept = ws::answer_handshake(handshake);
    if (!accept) {
        auto response = http::error_response(accept.error(), request.request_id());
        response.with("Upgrade", "websocket").with("Sec-WebSocket-Version", "13");
        co_return response;
    }
    if (auto checked = check_client(request); !checked) co_return checked.error();
    auto access = co_await find_access(request);
    if (!access) co_return std::move(access).error();
    if (!sockets_.reserve()) co_return unavailable("too many WebSockets are open");
    co_return hand_over(request, std::move(*accept), std::move(*access));
}

http::Response WsRoute::hand_over(const http::Request& request, std::string accept,
                                  events::FeedAccess access) {
    http::Response response;
    response.status = 101;
    response.with("Upgrade", "websocket")
        .with("Connection", "Upgrade")
        .with("Sec-WebSocket-Accept", std::move(accept));
    if (!ws::bearer_of(header_of(request, "sec-websocket-protocol")).empty())
        response.with("Sec-WebSocket-Protocol", "bearer");
    response.take_over =
        [this, place = Place(sockets_), access = std::move(access),
         request_id = std::string(request.request_id())](http::UpgradedSocket socket) mutable {
            ws::NewConnection connection;
            connection.loop = &socket.loop();
            connection.received = std::move(socket.received);
            connection.unsent = std::move(socket.unsent);
            connection.client_ip = access.client_ip;
            connection.request_id = std::move(request_id);
            connection.access = std::move(access);
            connection.fd = socket.release();
            place.use();
            sockets_.accept(std::move(connection));
        };
    return response;
}

}  // namespace zs::server
