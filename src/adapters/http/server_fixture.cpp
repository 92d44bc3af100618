#include "adapters/http/server_fixture.hpp"

#include "base/json.hpp"

namespace zs::http {

identity::PrincipalPtr FakeCredentials::try_cached(std::string_view credential, std::string_view) {
    if (!cached) return nullptr;
    const auto found = known_.find(credential);
    return found == known_.end() ? nullptr : found->second;
}

async::Task<Result<identity::PrincipalPtr>> FakeCredentials::authenticate(std::string credential,
                                                                          std::string client_ip) {
    EXPECT_FALSE(client_ip.empty());
    ++checks;
    const auto found = known_.find(credential);
    if (found == known_.end()) co_return unauthenticated("no such token");
    co_return found->second;
}

identity::PrincipalPtr make_principal(identity::Rights rights, identity::TokenKind kind) {
    const SystemClock clock;
    identity::Principal principal;
    principal.user_id = identity::UserId::next(clock);
    principal.token_id = Uuid::next(clock);
    principal.token_kind = kind;
    principal.rights = std::make_shared<const identity::Rights>(std::move(rights));
    return std::make_shared<const identity::Principal>(std::move(principal));
}

namespace {

async::Task<Result<Response>> echo(Request& request) {
    auto body = co_await read_all(request);
    if (!body) co_return body.error();
    co_return text_response(std::move(*body), "application/octet-stream");
}

async::Task<Result<Response>> wait_a_moment(Request&) {
    co_await boost::asio::post(boost::asio::use_awaitable);
    co_return text_response("waited");
}

async::Task<Result<Response>> echo_json(Request& request) {
    auto body = co_await read_json(request);
    if (!body) co_return body.error();
    co_return json_response(*body);
}

Result<Response> who(Request& request) {
    auto response = text_response(request.principal() ? "somebody" : "nobody");
    response.with("X-Client", std::string(request.client_ip()));
    response.with("X-Secure", request.is_secure() ? "yes" : "no");
    return response;
}

}  // namespace

ServerTest::ServerTest() {
    config.port = 0;
    config.access_log = false;
    config.rate_per_minute_ip = 0;
    config.rate_per_minute_user = 0;
    credentials.add("good", make_principal(identity::Rights::everything()));
    credentials.add("poor", make_principal(identity::Rights()));
    credentials.add("zs_key",
                    make_principal(identity::Rights::everything(), identity::TokenKind::ApiKey));

    RouteOptions open;
    open.needs = nothing();
    RouteOptions optional;
    optional.needs = optional_token();
    RouteOptions secret;
    secret.needs = token();
    RouteOptions tables;
    tables.needs = right(identity::Resource::Tables, identity::Right::Create);
    router.add_plain(Method::Get, "/hello", open,
                     [](Request&) -> Result<Response> { return text_response("hello"); });
    router.add(Method::Get, "/wait", open, wait_a_moment);
    router.add(Method::Post, "/echo", open, echo);
    router.add(Method::Post, "/json", open, echo_json);
    router.add_plain(Method::Get, "/who", open, who);
    router.add_plain(Method::Get, "/maybe", optional, who);
    router.add_plain(Method::Get, "/secret", secret, who);
    router.add(Method::Post, "/tables", tables, echo);
    router.add_plain(Method::Get, "/items/{id}", open, [](Request& request) -> Result<Response> {
        return text_response(std::string(request.path_param("id")) + "?"
                             + request.query("q").value_or("-"));
    });
}

ServerTest::~ServerTest() {
    stop();
}

void ServerTest::start(std::size_t threads) {
    io_ = std::make_unique<async::IoRuntime>(threads);
    server_ = std::make_unique<Server>(*io_, router, credentials, config);
    const auto listening = server_->listen();
    ASSERT_TRUE(listening) << listening.error().message;
    io_->start();
}

void ServerTest::stop() {
    server_.reset();
    io_.reset();
}

std::string error_of(const testing::HttpReply& reply) {
    const auto json = parse_json(reply.body);
    if (!json || !json->is_object()) return "(no JSON: " + reply.body + ")";
    const auto& object = json->get_object();
    if (!object.contains("message") || !object.contains("request_id")) return "(incomplete)";
    if (reply.header("X-Request-Id") != object.at("request_id").as_string()) return "(other id)";
    const auto& text = object.at("error").as_string();
    return {text.data(), text.size()};
}

}  // namespace zs::http
