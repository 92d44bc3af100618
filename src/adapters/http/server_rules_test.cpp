// Credentials, rights, rate limits, CORS and the headers of answers.
#include "adapters/http/server_fixture.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

using testing::HttpClient;

class HttpRules : public ServerTest {};

TEST_F(HttpRules, CredentialsByHeader) {
    start();
    auto client = connect();
    for (const char* fields : {"Authorization: Bearer good\r\n", "authorization: bEARER  good\r\n",
                               "X-API-Key: zs_key\r\n", "Authorization: Bearer zs_key\r\n",
                               "Authorization: Bearer good\r\nX-API-Key: good\r\n"}) {
        const auto reply = client.get("/secret", fields);
        EXPECT_EQ(reply->status, 200u) << fields;
        EXPECT_EQ(reply->body, "somebody");
        EXPECT_EQ(reply->header("Cache-Control"), "no-store");
    }
    for (const char* fields :
         {"", "Authorization: Bearer bad\r\n", "Authorization: Basic Z29vZA==\r\n",
          "Authorization: good\r\n", "X-API-Key: bad\r\n", "X-API-Key:\r\n"}) {
        const auto reply = client.get("/secret", fields);
        EXPECT_EQ(reply->status, 401u) << fields;
        EXPECT_EQ(error_of(*reply), "unauthenticated");
        EXPECT_EQ(reply->header("WWW-Authenticate"), "Bearer");
    }
    EXPECT_EQ(client.get("/secret", "Authorization: Bearer good\r\nX-API-Key: zs_key\r\n")->status,
              400u);
}

TEST_F(HttpRules, ACredentialThatIsNotCachedIsChecked) {
    credentials.cached = false;
    start();
    auto client = connect();
    EXPECT_EQ(client.get("/secret", "Authorization: Bearer good\r\n")->body, "somebody");
    EXPECT_EQ(client.get("/secret", "Authorization: Bearer bad\r\n")->status, 401u);
    EXPECT_EQ(credentials.checks, 2);
}

TEST_F(HttpRules, OptionalCredentials) {
    start();
    auto client = connect();
    EXPECT_EQ(client.get("/maybe")->body, "nobody");
    EXPECT_EQ(client.get("/maybe", "Authorization: Bearer good\r\n")->body, "somebody");
    EXPECT_EQ(client.get("/maybe", "Authorization: Bearer bad\r\n")->body, "nobody");
    // Public routes do not look.
    EXPECT_EQ(client.get("/who", "Authorization: Bearer good\r\n")->body, "nobody");
}

TEST_F(HttpRules, MissingRightsAre403) {
    start();
    auto client = connect();
    EXPECT_EQ(client.request("POST", "/tables", "Authorization: Bearer good\r\n", "x")->body, "x");
    const auto reply = client.request("POST", "/tables", "Authorization: Bearer poor\r\n", "x");
    EXPECT_EQ(reply->status, 403u);
    EXPECT_EQ(error_of(*reply), "permission_denied");
    EXPECT_NE(reply->body.find("tables:create"), std::string::npos);
}

TEST_F(HttpRules, ChecksComeInOrder) {
    config.limits.body_bytes_max = 10;
    config.rate_per_minute_ip = 2;
    start();
    auto client = connect();
    const std::string large(100, 'x');
    // Routing before size, size before credential, credential before right and body.
    EXPECT_EQ(client.request("POST", "/nowhere", "", large)->status, 404u);
    EXPECT_EQ(client.request("POST", "/tables", "", large)->status, 413u);
    EXPECT_EQ(client.request("POST", "/tables", "Content-Encoding: br\r\n", "x")->status, 415u);
    EXPECT_EQ(client.request("POST", "/tables", "", "x")->status, 401u);
    EXPECT_EQ(client.request("POST", "/tables", "", "x")->status, 401u);
    EXPECT_EQ(client.request("POST", "/tables", "", "x")->status, 429u);
    EXPECT_EQ(client.request("POST", "/tables", "Authorization: Bearer poor\r\n", "x")->status,
              403u);
}

TEST_F(HttpRules, RateLimitPerAddress) {
    config.rate_per_minute_ip = 3;
    start();
    const double before = metrics::value("rate_limited_total");
    auto client = connect();
    for (int left = 2; left >= 0; --left) {
        const auto reply = client.get("/hello");
        EXPECT_EQ(reply->status, 200u);
        EXPECT_EQ(reply->header("RateLimit-Limit"), "3");
        EXPECT_EQ(reply->header("RateLimit-Remaining"), std::to_string(left));
        EXPECT_TRUE(reply->has("RateLimit-Reset"));
    }
    const auto refused = connect().get("/hello");
    EXPECT_EQ(refused->status, 429u);
    EXPECT_EQ(error_of(*refused), "rate_limited");
    const int retry = std::stoi(refused->header("Retry-After"));
    EXPECT_TRUE(retry >= 1 && retry <= 60) << retry;
    EXPECT_EQ(refused->header("RateLimit-Remaining"), "0");
    EXPECT_EQ(metrics::value("rate_limited_total"), before + 1);
    // Somebody with a credential has a budget of their own.
    EXPECT_EQ(client.get("/secret", "Authorization: Bearer good\r\n")->status, 200u);
}

TEST_F(HttpRules, RateLimitPerUserAndKey) {
    config.rate_per_minute_user = 2;
    start();
    auto client = connect();
    const auto get = [&](const char* credential) {
        return client.get("/secret", std::string("X-API-Key: ") + credential + "\r\n")->status;
    };
    EXPECT_EQ(get("good"), 200u);
    EXPECT_EQ(get("good"), 200u);
    EXPECT_EQ(get("good"), 429u);
    EXPECT_EQ(get("zs_key"), 200u);
    EXPECT_EQ(client.get("/hello")->status, 200u);
    EXPECT_FALSE(client.get("/hello")->has("RateLimit-Limit"));  // off for addresses
}

TEST_F(HttpRules, BadCredentialsCountForTheirAddress) {
    config.rate_per_minute_ip = 2;
    start();
    auto client = connect();
    for (const unsigned status : {401u, 401u, 429u}) {
        EXPECT_EQ(client.get("/secret", "X-API-Key: bad\r\n")->status, status);
    }
    EXPECT_EQ(client.get("/hello")->status, 429u);
}

TEST_F(HttpRules, UncountedRoutes) {
    config.rate_per_minute_ip = 1;
    RouteOptions probe;
    probe.needs = nothing();
    probe.counted = false;
    router.add_plain(Method::Get, "/live", probe,
                     [](Request&) -> Result<Response> { return text_response("alive"); });
    start();
    auto client = connect();
    for (int i = 0; i < 5; ++i) {
        const auto reply = client.get("/live");
        EXPECT_EQ(reply->status, 200u);
        EXPECT_FALSE(reply->has("RateLimit-Limit"));
    }
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(client.request("OPTIONS", "/hello")->status, 204u);
    EXPECT_EQ(client.get("/hello")->status, 200u);
    EXPECT_EQ(client.get("/hello")->status, 429u);
}

TEST_F(HttpRules, ForwardedAddressesCountOnlyFromListedProxies) {
    config.rate_per_minute_ip = 1;
    start();
    auto client = connect();
    const std::string fields = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n";
    const auto reply = client.get("/who", fields);
    EXPECT_EQ(reply->header("X-Client"), "127.0.0.1");
    EXPECT_EQ(reply->header("X-Secure"), "no");
    EXPECT_FALSE(reply->has("Strict-Transport-Security"));
    EXPECT_EQ(client.get("/who", "X-Forwarded-For: 203.0.113.10\r\n")->status, 429u);
}

TEST_F(HttpRules, AListedProxySpeaksForItsClients) {
    config.rate_per_minute_ip = 1;
    config.trusted_proxies = {"127.0.0.0/8"};
    start();
    auto client = connect();
    const auto reply =
        client.get("/who", "X-Forwarded-For: 1.1.1.1, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n");
    EXPECT_EQ(reply->header("X-Client"), "203.0.113.9");
    EXPECT_EQ(reply->header("X-Secure"), "yes");
    EXPECT_EQ(reply->header("Strict-Transport-Security"), "max-age=31536000; includeSubDomains");
    EXPECT_EQ(client.get("/who", "X-Forwarded-For: 203.0.113.9\r\n")->status, 429u);
    EXPECT_EQ(client.get("/who", "X-Forwarded-For: 203.0.113.10\r\n")->status, 200u);
    // One /64 is one client.
    EXPECT_EQ(client.get("/who", "X-Forwarded-For: 2001:db8::1\r\n")->status, 200u);
    EXPECT_EQ(client.get("/who", "X-Forwarded-For: 2001:db8::2\r\n")->status, 429u);
}

TEST_F(HttpRules, ABadProxyListIsAnError) {
    async::IoRuntime io(1);
    config.trusted_proxies = {"10.0.0.0/99"};
    Server server(io, router, credentials, config);
    const auto listening = server.listen();
    ASSERT_FALSE(listening);
    EXPECT_NE(listening.error().message.find("10.0.0.0/99"), std::string::npos);
}

TEST_F(HttpRules, HstsAlways) {
    config.hsts = ServerConfig::Hsts::Always;
    start();
    EXPECT_TRUE(connect().get("/hello")->has("Strict-Transport-Security"));
}

TEST_F(HttpRules, CorsForListedOrigins) {
    config.cors_origins = {"https://app.example"};
    start();
    auto client = connect();
    const auto listed = client.get("/hello", "Origin: https://app.example\r\n");
    EXPECT_EQ(listed->header("Access-Control-Allow-Origin"), "https://app.example");
    EXPECT_NE(listed->header("Access-Control-Expose-Headers").find("X-Request-Id"),
              std::string::npos);
    EXPECT_EQ(listed->header("Cross-Origin-Resource-Policy"), "cross-origin");
    EXPECT_EQ(listed->header("Vary"), "Origin");
    EXPECT_FALSE(listed->has("Access-Control-Allow-Credentials"));
    for (const char* origin : {"https://app.example.evil", "http://app.example", "null", ""}) {
        const auto other = client.get("/hello", "Origin: " + std::string(origin) + "\r\n");
        EXPECT_EQ(other->status, 200u);
        EXPECT_FALSE(other->has("Access-Control-Allow-Origin")) << origin;
        EXPECT_EQ(other->header("Cross-Origin-Resource-Policy"), "same-origin");
    }
    // Errors too, so that a page can read them.
    EXPECT_TRUE(client.get("/nowhere", "Origin: https://app.example\r\n")
                    ->has("Access-Control-Allow-Origin"));
}

TEST_F(HttpRules, CorsPreflights) {
    config.cors_origins = {"https://app.example"};
    start();
    auto client = connect();
    const std::string ask = "Access-Control-Request-Method: POST\r\n";
    const auto reply =
        client.request("OPTIONS", "/tables", "Origin: https://app.example\r\n" + ask);
    EXPECT_EQ(reply->status, 204u);  // without a credential
    EXPECT_EQ(reply->header("Access-Control-Max-Age"), "86400");
    EXPECT_NE(reply->header("Access-Control-Allow-Headers").find("X-API-Key"), std::string::npos);
    EXPECT_NE(reply->header("Access-Control-Allow-Methods").find("DELETE"), std::string::npos);
    const auto other =
        client.request("OPTIONS", "/tables", "Origin: https://evil.example\r\n" + ask);
    EXPECT_EQ(other->status, 204u);
    EXPECT_FALSE(other->has("Access-Control-Allow-Methods"));
}

TEST_F(HttpRules, RequestsAreCounted) {
    start();
    const auto count = [](const char* route, const char* status) {
        return metrics::value("http_requests_total",
                              {{"method", "GET"}, {"route", route}, {"status", status}});
    };
    const double items = count("/items/{id}", "200");
    const double unmatched = count("unmatched", "404");
    auto client = connect();
    client.get("/items/17");
    client.get("/items/18");
    client.get("/nowhere/at/all");
    EXPECT_EQ(count("/items/{id}", "200"), items + 2);
    EXPECT_EQ(count("unmatched", "404"), unmatched + 1);
    EXPECT_GE(metrics::value("http_connections"), 1);
    EXPECT_EQ(metrics::value("http_requests_in_flight"), 0);
}

TEST_F(HttpRules, TheAccessLogNamesTheRouteAndNoSecrets) {
    config.access_log = true;
    start();
    ::testing::internal::CaptureStderr();
    auto client = connect();
    client.get("/items/7?token=hidden",
               "Authorization: Bearer good\r\nX-Request-Id: id-7\r\ntraceparent: 00-ab-cd-01\r\n");
    client.send("GET /items/8?token=hidden HTTP/1.1\nHost: x\n\n");
    EXPECT_EQ(client.read_reply()->status, 400u);
    log::flush();
    const auto lines = ::testing::internal::GetCapturedStderr();
    for (const char* part : {"method=GET", "route=/items/{id}", "path=/items/7 ", "status=200",
                             "bytes=3", "client_ip=127.0.0.1", "request_id=id-7",
                             "traceparent=00-ab-cd-01", "duration_ms=", "status=400"}) {
        EXPECT_NE(lines.find(part), std::string::npos) << part << " in " << lines;
    }
    EXPECT_EQ(lines.find("hidden"), std::string::npos);
    EXPECT_EQ(lines.find("good"), std::string::npos);
}

}  // namespace
}  // namespace zs::http
