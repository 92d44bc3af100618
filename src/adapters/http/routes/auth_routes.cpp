#include "adapters/http/routes/auth_routes.hpp"

#include "adapters/http/routes/route_support.hpp"
#include "adapters/http/routes/session_cookie.hpp"

namespace zs::http {
namespace {

struct CookieWish {
    std::optional<bool> cookie;
};
BOOST_DESCRIBE_STRUCT(CookieWish, (), (cookie))

struct OptionalRefresh {
    std::optional<Secret> refresh_token;
};
BOOST_DESCRIBE_STRUCT(OptionalRefresh, (), (refresh_token))

struct OptionalSwitch {
    std::optional<Secret> refresh_token;
    std::string environment;
};
BOOST_DESCRIBE_STRUCT(OptionalSwitch, (), (refresh_token, environment))

enum class Carrier { Body, Cookie };

// A refresh token, and how it came: it goes back the same way.
struct Presented {
    Secret token;
    Carrier carrier = Carrier::Body;
};

Result<Presented> presented_token(const Request& request, std::optional<Secret> from_body) {
    if (from_body) return Presented{std::move(*from_body), Carrier::Body};
    auto from_cookie = session_cookie(request);
    if (!from_cookie) return unprocessable("'refresh_token' is missing", "refresh_token");
    const auto allowed = check_cookie_request(request);
    if (!allowed) return allowed.error();
    return Presented{std::move(*from_cookie), Carrier::Cookie};
}

Result<Response> bundle_answer(const Result<identity::TokenBundle>& bundle, Carrier carrier,
                               const Clock& clock) {
    if (!bundle) return bundle.error();
    auto body = encode_json(*bundle);
    if (carrier == Carrier::Body) return json_response(body);
    body.as_object()["refresh_token"] = nullptr;
    Response response = json_response(body);
    set_session_cookie(response, bundle->refresh_token, clock.now(), bundle->refresh_expires_at);
    return response;
}

// Anybody may send these, so they are small.
constexpr std::uint64_t kCredentialBodyBytesMax = 64 * 1024;

RouteOptions with_tokens(Needs needs) {
    RouteOptions options;
    options.needs = std::move(needs);
    options.no_store = true;
    options.body_max = kCredentialBodyBytesMax;
    return options;
}

}  // namespace

void AuthRoutes::register_routes(Router& router) {
    const auto post = [&](const char* pattern, Needs needs, auto method) {
        router.add(Method::Post, pattern, with_tokens(std::move(needs)),
                   [this, method](Request& request) { return (this->*method)(request); });
    };
    post("/v1/auth/signup", nothing(), &AuthRoutes::signup);
    post("/v1/auth/login", nothing(), &AuthRoutes::login);
    post("/v1/auth/refresh", nothing(), &AuthRoutes::refresh);
    post("/v1/auth/switch-environment", nothing(), &AuthRoutes::switch_environment);
    post("/v1/auth/switch", nothing(), &AuthRoutes::switch_environment);
    post("/v1/auth/logout", optional_token(), &AuthRoutes::logout);
    post("/v1/auth/password", token(), &AuthRoutes::change_password);
    router.add(Method::Get, "/v1/auth/sessions", with_tokens(token()),
               [this](Request& request) { return sessions(request); });
    router.add(Method::Delete, "/v1/auth/sessions/{id}", with_tokens(token()),
               [this](Request& request) { return end_session(request); });
    router.add_plain(Method::Get, "/v1/whoami", with_tokens(token()),
                     [this](Request& request) { return whoami(request); });
}

async::Task<Result<Response>> AuthRoutes::signup(Request& request) {
    auto body = co_await read_body<identity::SignupRequest>(request);
    if (!body) co_return std::move(body).error();
    auto reply = co_await accounts_.signup(std::move(*body), client_of(request));
    co_return answer(reply, 201);
}

async::Task<Result<Response>> AuthRoutes::login(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return std::move(body).error();
    auto login = decode_json<identity::LoginRequest>(*body);
    if (!login) co_return std::move(login).error();
    const auto wish = decode_json<CookieWish>(*body);
    if (!wish) co_return wish.error();
    const Carrier carrier = wish->cookie.value_or(false) ? Carrier::Cookie : Carrier::Body;
    if (carrier == Carrier::Cookie) {
        const auto allowed = check_cookie_request(request);
        if (!allowed) co_return allowed.error();
    }
    auto bundle = co_await accounts_.login(std::move(*login), client_of(request));
    co_return bundle_answer(bundle, carrier, clock_);
}

async::Task<Result<Response>> AuthRoutes::refresh(Request& request) {
    auto body = co_await read_body_or_empty<OptionalRefresh>(request);
    if (!body) co_return std::move(body).error();
    auto presented = presented_token(request, std::move(body->refresh_token));
    if (!presented) co_return std::move(presented).error();
    identity::RefreshRequest refresh;
    refresh.refresh_token = std::move(presented->token);
    auto bundle = co_await accounts_.refresh(std::move(refresh), client_of(request));
    co_return bundle_answer(bundle, presented->carrier, clock_);
}

async::Task<Result<Response>> AuthRoutes::switch_environment(Request& request) {
    auto body = co_await read_body<OptionalSwitch>(request);
    if (!body) co_return std::move(body).error();
    auto presented = presented_token(request, std::move(body->refresh_token));
    if (!presented) co_return std::move(presented).error();
    identity::SwitchEnvironmentRequest wanted;
    wanted.refresh_token = std::move(presented->token);
    wanted.environment = std::move(body->environment);
    auto bundle = co_await accounts_.switch_environment(std::move(wanted), client_of(request));
    co_return bundle_answer(bundle, presented->carrier, clock_);
}

async::Task<Result<Response>> AuthRoutes::logout(Request& request) {
    return logout_answer(accounts_, request);
}

async::Task<Result<Response>> logout_answer(identity::AccountService& accounts, Request& request) {
    auto body = co_await read_body_or_empty<identity::LogoutRequest>(request);
    if (!body) co_return std::move(body).error();
    auto from_cookie = session_cookie(request);
    const bool by_cookie = !body->refresh_token && from_cookie;
    if (by_cookie) {
        const auto allowed = check_cookie_request(request);
        if (!allowed) co_return allowed.error();
        body->refresh_token = std::move(from_cookie);
    }
    auto done = co_await accounts.logout(std::move(*body), request.principal(), client_of(request));
    // A cookie that is good for nothing goes, too.
    const bool useless = by_cookie && !done && done.error().code == ErrorCode::Unauthenticated;
    if (!done && !useless) co_return std::move(done).error();
    Response response = done ? no_content() : error_response(done.error(), request.request_id());
    if (by_cookie) clear_session_cookie(response);
    co_return response;
}

async::Task<Result<Response>> AuthRoutes::change_password(Request& request) {
    auto body = co_await read_body<identity::ChangePasswordRequest>(request);
    if (!body) co_return std::move(body).error();
    auto done = co_await accounts_.change_password(request.principal(), std::move(*body),
                                                   client_of(request));
    co_return answer_empty(done);
}

async::Task<Result<Response>> AuthRoutes::sessions(Request& request) {
    auto sessions = co_await accounts_.sessions(request.principal());
    co_return answer(sessions);
}

async::Task<Result<Response>> AuthRoutes::end_session(Request& request) {
    const auto id = path_id<identity::SessionId>(request);
    if (!id) co_return id.error();
    auto done = co_await accounts_.end_session(request.principal(), *id, client_of(request));
    co_return answer_empty(done);
}

Result<Response> AuthRoutes::whoami(const Request& request) const {
    return json_response(encode_json(accounts_.me(*request.principal())));
}

}  // namespace zs::http
