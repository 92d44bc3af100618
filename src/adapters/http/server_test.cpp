#include "adapters/http/server_fixture.hpp"
#include "base/encoding.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

using testing::HttpClient;

class HttpServer : public ServerTest {};

TEST_F(HttpServer, AnswersAPlainRouteAndKeepsTheConnection) {
    start();
    auto client = connect();
    for (int i = 0; i < 3; ++i) {
        const auto reply = client.get("/hello");
        ASSERT_TRUE(reply);
        EXPECT_EQ(reply->status, 200u);
        EXPECT_EQ(reply->body, "hello");
        EXPECT_EQ(reply->header("Content-Type"), "text/plain; charset=utf-8");
        EXPECT_EQ(reply->header("X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(reply->header("Content-Security-Policy"),
                  "default-src 'none'; frame-ancestors 'none'");
        EXPECT_EQ(reply->header("Cross-Origin-Resource-Policy"), "same-origin");
        EXPECT_EQ(reply->header("X-Request-Id").size(), 36u);
        EXPECT_TRUE(reply->header("Date").ends_with(" GMT"));
        EXPECT_FALSE(reply->has("Server"));
        EXPECT_FALSE(reply->has("Connection"));
        EXPECT_FALSE(reply->has("Cache-Control"));
        EXPECT_FALSE(reply->has("Strict-Transport-Security"));
    }
}

TEST_F(HttpServer, AnswersARouteThatWaits) {
    start();
    auto client = connect();
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(client.get("/wait")->body, "waited");
}

TEST_F(HttpServer, IgnoresOneTrailingSlash) {
    start();
    auto client = connect();
    EXPECT_EQ(client.get("/hello/")->status, 200u);
    EXPECT_EQ(client.get("/hello//")->status, 404u);
}

TEST_F(HttpServer, DecodesPathAndQuery) {
    start();
    auto client = connect();
    EXPECT_EQ(client.get("/items/a%2Fb%20c?q=x+y%2B")->body, "a/b c?x y+");
    EXPECT_EQ(client.get("/items/%00")->status, 400u);
}

TEST_F(HttpServer, UnknownPathIs404) {
    start();
    auto client = connect();
    const auto reply = client.get("/nowhere");
    EXPECT_EQ(reply->status, 404u);
    EXPECT_EQ(error_of(*reply), "not_found");
    EXPECT_EQ(client.get("/hello")->status, 200u);
}

TEST_F(HttpServer, WrongMethodIs405WithAllow) {
    start();
    auto client = connect();
    const auto reply = client.request("DELETE", "/hello");
    EXPECT_EQ(reply->status, 405u);
    EXPECT_EQ(error_of(*reply), "method_not_allowed");
    EXPECT_EQ(reply->header("Allow"), "GET, HEAD, OPTIONS");
    EXPECT_EQ(client.request("BREW", "/echo")->header("Allow"), "POST, OPTIONS");
    EXPECT_EQ(client.request("BREW", "/nowhere")->status, 404u);
}

TEST_F(HttpServer, HeadHasTheLengthAndNoBody) {
    start();
    auto client = connect();
    const auto reply = client.request("HEAD", "/hello");
    EXPECT_EQ(reply->status, 200u);
    EXPECT_EQ(reply->header("Content-Length"), "5");
    EXPECT_EQ(client.get("/hello")->body, "hello");  // nothing was left over
    EXPECT_EQ(client.request("HEAD", "/nowhere")->status, 404u);
    EXPECT_EQ(client.get("/hello")->body, "hello");
}

TEST_F(HttpServer, OptionsListsTheMethods) {
    start();
    auto client = connect();
    const auto reply = client.request("OPTIONS", "/echo");
    EXPECT_EQ(reply->status, 204u);
    EXPECT_EQ(reply->header("Allow"), "POST, OPTIONS");
    EXPECT_FALSE(reply->has("Content-Length"));
    EXPECT_EQ(client.request("OPTIONS", "*")->status, 204u);
    EXPECT_EQ(client.request("OPTIONS", "/nowhere")->status, 404u);
}

TEST_F(HttpServer, ReadsSizedAndChunkedBodies) {
    start();
    auto client = connect();
    EXPECT_EQ(client.request("POST", "/echo", "", "some body")->body, "some body");
    ASSERT_TRUE(
        client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"));
    EXPECT_EQ(client.read_reply()->body, "hello world");
    EXPECT_EQ(client.request("POST", "/echo")->body, "");
    const std::string large(3'000'000, 'x');
    EXPECT_EQ(client.request("POST", "/echo", "", large)->body, large);
    EXPECT_EQ(client.get("/hello")->body, "hello");
}

TEST_F(HttpServer, AnswersPipelinedRequestsInOrder) {
    start();
    auto client = connect();
    std::string requests;
    for (int i = 0; i < 200; ++i) {
        const bool post = i % 3 == 1;
        const std::string body = "body " + std::to_string(i);
        requests += post
                        ? "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: "
                              + std::to_string(body.size()) + "\r\n\r\n" + body
                        : "GET " + std::string(i % 3 == 0 ? "/wait" : "/items/" + std::to_string(i))
                              + " HTTP/1.1\r\nHost: x\r\n\r\n";
    }
    ASSERT_TRUE(client.send(requests));
    for (int i = 0; i < 200; ++i) {
        const auto reply = client.read_reply();
        ASSERT_TRUE(reply) << i;
        const auto number = std::to_string(i);
        EXPECT_EQ(reply->body, i % 3 == 0   ? "waited"
                               : i % 3 == 1 ? "body " + number
                                            : number + "?-");
    }
}

TEST_F(HttpServer, Http10ClosesUnlessAskedNotTo) {
    start();
    auto client = connect();
    ASSERT_TRUE(client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    EXPECT_EQ(client.read_reply()->header("Connection"), "keep-alive");
    ASSERT_TRUE(client.send("GET /hello HTTP/1.0\r\n\r\n"));
    EXPECT_EQ(client.read_reply()->header("Connection"), "close");
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServer, ClosesWhenAsked) {
    start();
    auto client = connect();
    const auto reply = client.get("/hello", "Connection: foo, Close\r\n");
    EXPECT_EQ(reply->header("Connection"), "close");
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServer, TakesOverGoodRequestIds) {
    start();
    auto client = connect();
    EXPECT_EQ(client.get("/hello", "X-Request-Id: a.B-9_\r\n")->header("X-Request-Id"), "a.B-9_");
    EXPECT_EQ(client.get("/hello", "X-Request-Id: a b\r\n")->header("X-Request-Id").size(), 36u);
    const std::string too_long(65, 'x');
    const auto reply = client.get("/hello", "X-Request-Id: " + too_long + "\r\n");
    EXPECT_NE(reply->header("X-Request-Id"), too_long);
}

TEST_F(HttpServer, ContinuesAnExpectedBodyAfterTheChecks) {
    start();
    auto client = connect();
    ASSERT_TRUE(
        client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
                    "Expect: 100-continue\r\n\r\n"));
    EXPECT_EQ(client.read_some(client.patience), "HTTP/1.1 100 Continue\r\n\r\n");
    ASSERT_TRUE(client.send("body"));
    EXPECT_EQ(client.read_reply()->body, "body");

    ASSERT_TRUE(
        client.send("POST /tables HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
                    "Expect: 100-continue\r\n\r\n"));
    const auto refused = client.read_reply();
    EXPECT_EQ(refused->status, 401u);
    EXPECT_EQ(refused->head_count, 0u);
    EXPECT_EQ(refused->header("Connection"), "close");
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpServer, JsonBodiesNeedTheirTypeAndSyntax) {
    start();
    auto client = connect();
    const std::string type = "Content-Type: application/json; charset=UTF-8\r\n";
    EXPECT_EQ(client.request("POST", "/json", type, "{\"a\":1}")->body, "{\"a\":1}");
    EXPECT_EQ(client.request("POST", "/json", "Content-Type: application/x+json\r\n", "1")->body,
              "1");
    auto reply = client.request("POST", "/json", type, "{\"a\":}");
    EXPECT_EQ(reply->status, 400u);
    EXPECT_EQ(error_of(*reply), "invalid_json");
    reply = client.request("POST", "/json", "Content-Type: text/plain\r\n", "{}");
    EXPECT_EQ(reply->status, 415u);
    EXPECT_EQ(error_of(*reply), "unsupported_media_type");
    EXPECT_EQ(client.request("POST", "/json", "", "{}")->status, 415u);
    EXPECT_EQ(
        client.request("POST", "/json", "Content-Type: application/json; charset=latin1\r\n", "{}")
            ->status,
        415u);
}

TEST_F(HttpServer, ReleasesEveryConnection) {
    start();
    {
        std::vector<HttpClient> clients;
        for (int i = 0; i < 300; ++i)
            clients.push_back(connect());
        for (auto& client : clients)
            EXPECT_EQ(client.get("/wait")->body, "waited");
        EXPECT_EQ(server().connections(), 300u);
    }
    stop();  // waits for the rest to be noticed
}

TEST_F(HttpServer, ABusyPortIsAnErrorThatNamesIt) {
    start();
    async::IoRuntime io(1);
    ServerConfig other = config;
    other.port = port();
    Server second(io, router, credentials, other);
    const auto listening = second.listen();
    ASSERT_FALSE(listening);
    EXPECT_NE(listening.error().message.find("127.0.0.1:" + std::to_string(port())),
              std::string::npos);
}

}  // namespace
}  // namespace zs::http
