#pragma once

#include "adapters/http/head.hpp"
#include "adapters/http/request_body.hpp"
#include "adapters/http/request_id.hpp"
#include "adapters/http/router.hpp"
#include "adapters/http/server_core.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

namespace zs::http {

// One request on its way through the checks to its answer. A connection has one and uses it again
// for each request; the parts point into the connection's buffer.
// Threading: the connection's loop.
class Exchange final : public Request {
public:
    Exchange(Connection& connection, const ServerCore& core) : core_(core), body_(connection) {}

    // ---- life, for the connection
    void clear();
    // After the head was read, or found to be broken. `peer_text` outlives the exchange.
    void begin(const IpAddress& peer, std::string_view peer_text, RequestIds& ids,
               std::int64_t unix_millis);
    void request_stop();

    // ---- the checks of http-api.md section 1.1, in their order
    // Finds the route and looks at the declared size and coding of the body.
    Result<void> check_route_and_body();
    // The credential, empty when there is none or the route does not look. Errors: two of them.
    Result<std::string_view> find_credential() const;
    // Rate limit, then the lack of a credential, then the right.
    Result<void> admit(identity::PrincipalPtr principal, bool bad_credential, RateLimiter& limiter,
                       RateLimiter::TimePoint now);

    // ---- Request
    Method method() const override { return head.method; }
    std::string_view path() const override { return head.target.path; }
    std::string_view path_param(std::string_view name) const override;
    std::optional<std::string> query(std::string_view name) const override;
    std::string_view raw_query() const override { return head.target.query; }
    std::optional<std::string_view> header(std::string_view name) const override;
    std::string_view client_ip() const override { return client_text_; }
    bool is_secure() const override { return secure_; }
    std::string_view request_id() const override { return {request_id_.data(), request_id_size_}; }
    const identity::PrincipalPtr& principal() const override { return principal_; }
    BodyReader& body() override { return body_; }
    std::stop_token stop_token() const override;

    RequestBody& request_body() { return body_; }
    const RequestBody& request_body() const { return body_; }
    const RateAnswer& rate() const { return rate_; }
    std::string_view cors_origin() const;  // empty: not an allowed one

    RequestHead head;
    RouteMatch match;
    std::chrono::steady_clock::time_point started;
    bool malformed = false;  // the head could not be read

private:
    void take_request_id(RequestIds& ids, std::int64_t unix_millis);
    void find_client(const IpAddress& peer, std::string_view peer_text);
    RateKey rate_key() const;

    const ServerCore& core_;
    RequestBody body_;
    identity::PrincipalPtr principal_;
    IpAddress client_;
    std::string_view client_text_;
    std::string forwarded_text_;
    bool secure_ = false;
    RateAnswer rate_;
    std::array<char, 64> request_id_{};
    std::size_t request_id_size_ = 0;
    // Made when somebody asks: most requests end before anybody does.
    mutable std::stop_source stop_{std::nostopstate};
};

}  // namespace zs::http
