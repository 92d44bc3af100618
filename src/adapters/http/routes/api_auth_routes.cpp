#include "adapters/http/routes/auth_routes.hpp"
#include "adapters/http/routes/route_support.hpp"

namespace zs::http {
namespace {

struct OptionalRefresh {
    std::optional<Secret> refresh_token;
};
BOOST_DESCRIBE_STRUCT(OptionalRefresh, (), (refresh_token))

// The bundle as this family knows it: the access token under a second name.
template <class Bundle>
Result<Response> bundle_answer(const Result<Bundle>& bundle, unsigned status = 200) {
    if (!bundle) return bundle.error();
    auto body = encode_json(*bundle);
    body.as_object().emplace("token", bundle->access_token);
    return json_response(body, status);
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

void ApiAuthRoutes::register_routes(Router& router) {
    router.add(Method::Post, "/api/v1/auth/register", with_tokens(nothing()),
               [this](Request& request) { return sign_up(request); });
    router.add(Method::Post, "/api/v1/auth/login", with_tokens(nothing()),
               [this](Request& request) { return login(request); });
    router.add(Method::Post, "/api/v1/auth/refresh", with_tokens(optional_token()),
               [this](Request& request) { return refresh(request); });
    router.add(Method::Get, "/api/v1/auth/me", with_tokens(token()),
               [this](Request& request) { return me(request); });
    router.add(Method::Post, "/api/v1/auth/logout", with_tokens(optional_token()),
               [this](Request& request) { return logout(request); });
}

async::Task<Result<Response>> ApiAuthRoutes::sign_up(Request& request) {
    auto body = co_await read_body<identity::SignupRequest>(request);
    if (!body) co_return std::move(body).error();
    auto bundle = co_await accounts_.signup_and_login(std::move(*body), client_of(request));
    co_return bundle_answer(bundle, 201);
}

async::Task<Result<Response>> ApiAuthRoutes::login(Request& request) {
    auto body = co_await read_body<identity::LoginRequest>(request);
    if (!body) co_return std::move(body).error();
    auto bundle = co_await accounts_.login(std::move(*body), client_of(request));
    co_return bundle_answer(bundle);
}

async::Task<Result<Response>> ApiAuthRoutes::refresh(Request& request) {
    auto body = co_await read_body_or_empty<OptionalRefresh>(request);
    if (!body) co_return std::move(body).error();
    if (body->refresh_token) {
        identity::RefreshRequest refresh;
        refresh.refresh_token = std::move(*body->refresh_token);
        auto bundle = co_await accounts_.refresh(std::move(refresh), client_of(request));
        co_return bundle_answer(bundle);
    }
    if (!request.principal()) {
        co_return unauthenticated(
            "send refresh_token in the body, or a valid access token in the "
            "Authorization header",
            "invalid_refresh_token");
    }
    auto grant =
        co_await accounts_.access_token_for_session(request.principal(), client_of(request));
    co_return bundle_answer(grant);
}

async::Task<Result<Response>> ApiAuthRoutes::me(Request& request) {
    const auto& caller = request.principal();
    auto environments = co_await environments_.list(caller);
    if (!environments) co_return std::move(environments).error();
    auto body = encode_json(accounts_.me(*caller)).as_object();
    body.emplace("id", caller->user_id.to_string());
    body.emplace("name", encode_json(caller->name));
    for (const auto& environment : *environments) {
        if (environment.id != caller->environment_id) continue;
        identity::EnvironmentSummary summary{environment.id, environment.slug,
                                             environment.display_name,
                                             environment.auto_clear_policy};
        body.emplace("environment", encode_json(summary));
    }
    co_return json_response(body);
}

async::Task<Result<Response>> ApiAuthRoutes::logout(Request& request) {
    return logout_answer(accounts_, request);
}

}  // namespace zs::http
