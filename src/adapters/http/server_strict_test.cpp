// What the server refuses, and the limits it keeps.
#include "adapters/http/content_coding.hpp"
#include "adapters/http/server_fixture.hpp"

#include <gtest/gtest.h>

#include <random>

namespace zs::http {
namespace {

using namespace std::chrono_literals;
using testing::HttpClient;

class HttpStrict : public ServerTest {
protected:
    // Sends raw bytes, expects an answer of the error shape and the end of the connection.
    void expect_refused(const std::string& bytes, unsigned status, const std::string& error) {
        auto client = connect();
        client.send(bytes);
        const auto reply = client.read_reply();
        ASSERT_TRUE(reply) << bytes.substr(0, 200);
        EXPECT_EQ(reply->status, status) << bytes.substr(0, 200);
        EXPECT_EQ(error_of(*reply), error) << bytes.substr(0, 200);
        EXPECT_EQ(reply->header("Connection"), "close");
        EXPECT_TRUE(client.closed_by_server());
    }
};

TEST_F(HttpStrict, SmugglingIs400AndCloses) {
    start();
    const std::string smuggled = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    for (const std::string& fields :
         {std::string("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
          std::string("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
          std::string("Content-Length: 5\r\nContent-Length: 6\r\n"),
          std::string("Content-Length: 5\r\nContent-Length: 5\r\n"),
          std::string("Content-Length: 5, 6\r\n"), std::string("Content-Length: +5\r\n"),
          std::string("Content-Length : 5\r\n"), std::string("Transfer-Encoding : chunked\r\n"),
          std::string("Transfer-Encoding: identity\r\n"),
          std::string("Transfer-Encoding: xchunked\r\n"),
          std::string("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
          std::string("Transfer-Encoding:\r\n chunked\r\n"), std::string("X: a\r\n b\r\n"),
          std::string("X: a\nTransfer-Encoding: chunked\r\n"), std::string("X: a\rY: b\r\n"),
          std::string("X: a\0b\r\n", 8), std::string("X\x0b: a\r\n"), std::string("Host: y\r\n"),
          std::string("Host: x\r\n")}) {
        expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n0\r\n\r\n" + smuggled,
                       400, "invalid_argument");
    }
    expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                   501, "transfer_coding_unknown");
}

TEST_F(HttpStrict, BrokenHeadsAreRefused) {
    start();
    expect_refused("GET /hello HTTP/1.1\r\n\r\n", 400, "invalid_argument");
    expect_refused("GET /hello HTTP/1.1\nHost: x\n\n", 400, "invalid_argument");
    expect_refused("GET /hel lo HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_argument");
    expect_refused("GET /hello%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_argument");
    expect_refused("GET http:/hello HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_argument");
    expect_refused("\x16\x03\x01\x02", 400, "invalid_argument");
    expect_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http_version_not_supported");
    expect_refused("GET /hello HTTP/1.1\r\nHost: x\r\nExpect: magic\r\n\r\n", 417,
                   "expectation_failed");
    auto client = connect();
    client.send("CONNECT host:443 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(client.read_reply()->status, 405u);
}

TEST_F(HttpStrict, BrokenChunksAre400) {
    start();
    for (const char* body : {"x\r\n", "5\nhello\r\n", "5\r\nhelloX\r\n", "-1\r\n", "1 \r\n",
                             "fffffffffffffffff\r\n", "0\r\n x: y\r\n\r\n"}) {
        expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                           + std::string(body),
                       400, "invalid_argument");
    }
}

TEST_F(HttpStrict, AbsoluteTargetsAreUnderstood) {
    start();
    auto client = connect();
    EXPECT_EQ(client.get("http://somewhere:80/items/7?q=1")->body, "7?1");
}

TEST_F(HttpStrict, HeadLimits) {
    start();
    const std::string host = "Host: x\r\n";
    expect_refused("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 414,
                   "uri_too_long");
    expect_refused("GET /hello HTTP/1.1\r\n" + host + "X: " + std::string(17000, 'a') + "\r\n\r\n",
                   431, "headers_too_large");
    std::string many;
    for (int i = 0; i < 100; ++i)
        many += "X: a\r\n";
    expect_refused("GET /hello HTTP/1.1\r\n" + host + many + "\r\n", 431, "headers_too_large");
    auto client = connect();
    const auto longest = std::string(8192 - 14 - 9, 'a');
    EXPECT_EQ(client.get("/hello?" + longest.substr(2))->status, 200u);
    EXPECT_EQ(client.get("/hello", "X: " + std::string(16000, 'a') + "\r\n")->status, 200u);
    EXPECT_EQ(client.get("/hello", many.substr(0, 99 * 6))->status, 200u);
}

TEST_F(HttpStrict, BodyLimits) {
    config.limits.body_bytes_max = 1000;
    start();
    auto client = connect();
    EXPECT_EQ(client.request("POST", "/echo", "", std::string(1000, 'x'))->status, 200u);
    // By the declared size, before anything is read.
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
    const auto declared = client.read_reply();
    EXPECT_EQ(declared->status, 413u);
    EXPECT_EQ(error_of(*declared), "payload_too_large");
    client.send(std::string(1001, 'x'));  // a small rest is read over
    EXPECT_EQ(client.get("/hello")->status, 200u);
    expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n", 413,
                   "payload_too_large");
    // By the count, while it comes.
    expect_refused("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"
                       + std::string(1001, 'x'),
                   413, "payload_too_large");
}

TEST_F(HttpStrict, GzipBodies) {
    config.limits.body_bytes_max = 20 << 20;
    start();
    auto client = connect();
    std::string text;
    for (int i = 0; i < 10000; ++i)
        text += "line " + std::to_string(i * 7919) + "\n";
    std::string packed;
    GzipDeflater().deflate(text, packed, GzipDeflater::Mode::Finish);
    const std::string gzip = "Content-Encoding: gzip\r\n";
    EXPECT_EQ(client.request("POST", "/echo", gzip, packed)->body, text);
    EXPECT_EQ(client.request("POST", "/echo", gzip, packed + packed)->body, text + text);

    auto reply = client.request("POST", "/echo", gzip, packed.substr(0, packed.size() - 1));
    EXPECT_EQ(reply->status, 400u);
    EXPECT_EQ(error_of(*reply), "invalid_gzip");
    reply = client.request("POST", "/echo", gzip, "not gzip");
    EXPECT_EQ(error_of(*reply), "invalid_gzip");
    reply = client.request("POST", "/echo", "Content-Encoding: br\r\n", "x");
    EXPECT_EQ(reply->status, 415u);
    EXPECT_EQ(client.get("/hello")->status, 200u);
}

TEST_F(HttpStrict, AGzipBombIsRefused) {
    config.limits.body_bytes_max = 100 << 20;
    start();
    std::string packed;
    GzipDeflater().deflate(std::string(50 << 20, '\0'), packed, GzipDeflater::Mode::Finish);
    auto client = connect();
    const auto reply = client.request("POST", "/echo", "Content-Encoding: gzip\r\n", packed);
    EXPECT_EQ(reply->status, 413u);
    EXPECT_EQ(error_of(*reply), "compression_ratio");
}

TEST_F(HttpStrict, TheDecodedSizeCounts) {
    config.limits.body_bytes_max = 5000;
    start();
    std::string packed;
    GzipDeflater().deflate(std::string(5001, 'a'), packed, GzipDeflater::Mode::Finish);
    auto client = connect();
    const auto reply = client.request("POST", "/echo", "Content-Encoding: gzip\r\n", packed);
    EXPECT_EQ(reply->status, 413u);
    EXPECT_EQ(error_of(*reply), "payload_too_large");
}

TEST_F(HttpStrict, ASlowHeaderIs408) {
    config.limits.header_timeout = 200ms;
    start();
    auto client = connect();
    EXPECT_EQ(client.get("/hello")->status, 200u);
    client.send("GET /hello HT");
    const auto reply = client.read_reply();
    EXPECT_EQ(reply->status, 408u);
    EXPECT_EQ(error_of(*reply), "request_timeout");
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpStrict, ADripOfHeaderBytesDoesNotExtendTheTime) {
    config.limits.header_timeout = 200ms;
    start();
    auto client = connect();
    client.send("GET /hello HTTP/1.1\r\nHost: x\r\nX: ");
    std::string answer;
    while (answer.empty() && client.send("a"))
        answer = client.read_some(10ms);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 408")) << answer;
}

TEST_F(HttpStrict, SilentConnectionsAreClosed) {
    config.limits.header_timeout = 200ms;
    config.limits.idle_timeout = 200ms;
    start();
    EXPECT_TRUE(connect().closed_by_server());
    auto client = connect();
    EXPECT_EQ(client.get("/hello")->status, 200u);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpStrict, AStalledBodyIs408) {
    config.limits.body_timeout = 200ms;
    start();
    auto client = connect();
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc");
    const auto reply = client.read_reply();
    EXPECT_EQ(reply->status, 408u);
    EXPECT_EQ(error_of(*reply), "request_timeout");
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpStrict, TooManyConnectionsGet503) {
    config.limits.connections_max = 2;
    start();
    auto first = connect();
    auto second = connect();
    EXPECT_EQ(first.get("/hello")->status, 200u);
    EXPECT_EQ(second.get("/hello")->status, 200u);
    auto third = connect();
    const auto reply = third.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 503u);
    EXPECT_TRUE(reply->complete);
    EXPECT_NE(reply->body.find("\"unavailable\""), std::string::npos);
    EXPECT_TRUE(third.closed_by_server());
    EXPECT_EQ(first.get("/hello")->status, 200u);
}

TEST_F(HttpStrict, UnwantedBodiesAreReadOrTheConnectionCloses) {
    start();
    auto client = connect();
    auto reply = client.request("POST", "/nowhere", "", "a small body");
    EXPECT_EQ(reply->status, 404u);
    EXPECT_EQ(client.get("/hello")->status, 200u);
    client.send(
        "POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n0\r\n\r\n");
    EXPECT_EQ(client.read_reply()->status, 404u);
    EXPECT_EQ(client.get("/hello")->status, 200u);
    client.send("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n");
    reply = client.read_reply();
    EXPECT_EQ(reply->status, 404u);
    EXPECT_EQ(reply->header("Connection"), "close");
    // The answer reaches a client that sends all of its body first.
    auto stubborn = connect();
    EXPECT_EQ(stubborn.request("POST", "/nowhere", "", std::string(900'000, 'x'))->status, 404u);
}

TEST_F(HttpStrict, RandomCutsDoNotMatter) {
    start();
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::string packed;
    GzipDeflater().deflate("packed text", packed, GzipDeflater::Mode::Finish);
    const std::pair<std::string, std::string> exchanges[] = {
        {"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", "hello"},
        {"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n", "waited"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\nseven !", "seven !"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
         "2\r\nab\r\n3;x\r\ncde\r\n0\r\nT: v\r\n\r\n",
         "abcde"},
        {"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", ""},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: "
             + std::to_string(packed.size()) + "\r\n\r\n" + packed,
         "packed text"},
    };
    for (int round = 0; round < 40; ++round) {
        auto client = connect();
        std::string bytes;
        std::vector<std::string> expected;
        for (int i = 0; i < 6; ++i) {
            const auto& exchange = exchanges[random() % std::size(exchanges)];
            bytes += exchange.first;
            expected.push_back(exchange.second);
        }
        for (std::size_t at = 0; at < bytes.size();) {
            const std::size_t size = 1 + random() % 40;
            ASSERT_TRUE(client.send(std::string_view(bytes).substr(at, size)));
            at += size;
        }
        for (const auto& body : expected) {
            const auto reply = client.read_reply();
            ASSERT_TRUE(reply);
            if (body.empty()) {
                EXPECT_EQ(reply->status, 404u);
            } else {
                EXPECT_EQ(reply->body, body);
            }
        }
    }
}

}  // namespace
}  // namespace zs::http
