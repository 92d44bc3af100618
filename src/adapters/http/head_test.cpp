#include "adapters/http/head.hpp"

#include <gtest/gtest.h>

#include <random>

namespace zs::http {
namespace {

using Status = HeadParser::Status;

struct Parsed {
    std::string text;  // what `head` points into
    RequestHead head;
    Status status;
    std::string problem;
};

std::unique_ptr<Parsed> parse(std::string text, HeadLimits limits = {}) {
    auto parsed = std::make_unique<Parsed>();
    parsed->text = std::move(text);
    HeadParser parser(limits);
    parsed->status = parser.parse(parsed->text, parsed->head);
    parsed->problem = parser.problem();
    return parsed;
}

std::unique_ptr<Parsed> parse_fields(const std::string& fields) {
    return parse("GET / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
}

TEST(HeadParser, ReadsAWholeHead) {
    const auto parsed = parse(
        "POST /a?b=c HTTP/1.1\r\nHost: example.org:80\r\ncontent-LENGTH:  12 \r\nX-Empty:\r\n"
        "Accept: a\r\nAccept: b\r\n\r\nbody");
    ASSERT_EQ(parsed->status, Status::Complete) << parsed->problem;
    const auto& head = parsed->head;
    EXPECT_EQ(head.method, Method::Post);
    EXPECT_EQ(head.target.path, "/a");
    EXPECT_EQ(head.target.query, "b=c");
    EXPECT_EQ(head.content_length, 12u);
    EXPECT_EQ(head.get(Known::Host), "example.org:80");
    EXPECT_EQ(head.find("x-EMPTY")->value, "");
    EXPECT_EQ(head.get(Known::Accept), "a");
    EXPECT_EQ(head.size, parsed->text.size() - 4);
    EXPECT_TRUE(head.keep_alive);
    EXPECT_TRUE(head.has_body());
}

TEST(HeadParser, SkipsABlankLineButNotMany) {
    EXPECT_EQ(parse("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")->status, Status::Complete);
    EXPECT_EQ(parse("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")->status, Status::Bad);
}

TEST(HeadParser, RefusesBrokenRequestLines) {
    for (const char* line :
         {"GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "G@T / HTTP/1.1",
          "GET\t/ HTTP/1.1", "GET / http/1.1", "GET / HTTP/1.", "GET / HTTP/11",
          "GET /\x01 HTTP/1.1", "GET a HTTP/1.1", "GET * HTTP/1.1", "GET host:1 HTTP/1.1",
          "CONNECT / HTTP/1.1", "GET /a b HTTP/1.1", "\x16\x03\x01 / HTTP/1.1",
          "AVERYVERYVERYVERYLONGMETHOD / HTTP/1.1"}) {
        EXPECT_EQ(parse(std::string(line) + "\r\nHost: x\r\n\r\n")->status, Status::Bad) << line;
    }
    EXPECT_EQ(parse("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")->status, Status::UnknownVersion);
    EXPECT_EQ(parse("GET / HTTP/1.2\r\n\r\n")->status, Status::UnknownVersion);
    EXPECT_EQ(parse("\x16\x03")->status, Status::Bad);  // a TLS hello, without waiting for its end
}

TEST(HeadParser, RefusesBrokenFields) {
    for (const char* fields :
         {"A : b\r\n", ": b\r\n", "A\r\n", "A b: c\r\n", " A: b\r\n", "A: b\r\n c\r\n",
          "A: b\r\n\tc\r\n", "A: b\x01\r\n", "A: b\x7F\r\n", "A: b\rc\r\n", "A: b\n",
          "A\x80: b\r\n", "A:\r\r\n", "(A): b\r\n", "Host: y\r\n", "Host: x\r\n",
          "Content-Type: a\r\nContent-Type: a\r\n",
          "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n",
          "X-API-Key: a\r\nx-api-key: b\r\n"}) {
        EXPECT_EQ(parse_fields(fields)->status, Status::Bad) << fields;
    }
    EXPECT_EQ(parse_fields(std::string("A: b\0c\r\n", 8))->status, Status::Bad);
    EXPECT_EQ(parse_fields("A: \xC3\xA4\t!\r\n")->status, Status::Complete);
}

TEST(HeadParser, RefusesUnclearLengths) {
    for (const char* fields :
         {"Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: 1, 1\r\n",
          "Content-Length: +1\r\n", "Content-Length: -1\r\n", "Content-Length: 0x1\r\n",
          "Content-Length: 1 1\r\n", "Content-Length:\r\n",
          "Content-Length: 9999999999999999999\r\n",
          "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
          "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
          "Transfer-Encoding: identity\r\n", "Transfer-Encoding: chunked, gzip\r\n",
          "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding:\r\n",
          "Transfer-Encoding: chunked, chunked,\r\n",
          "Transfer-Encoding: \x0B"
          "chunked\r\n"}) {
        EXPECT_EQ(parse_fields(fields)->status, Status::Bad) << fields;
    }
    EXPECT_EQ(parse_fields("Transfer-Encoding: gzip, chunked\r\n")->status, Status::UnknownCoding);
    EXPECT_TRUE(parse_fields("Transfer-Encoding: Chunked\r\n")->head.chunked);
    EXPECT_EQ(parse("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")->status, Status::Bad);
}

TEST(HeadParser, WantsOneGoodHost) {
    EXPECT_EQ(parse("GET / HTTP/1.1\r\n\r\n")->status, Status::Bad);
    EXPECT_EQ(parse("GET / HTTP/1.0\r\n\r\n")->status, Status::Complete);
    EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n")->status, Status::Bad);
    EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n")->status, Status::Bad);
    EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n")->status, Status::Complete);
    const auto absolute = parse("GET http://real/ HTTP/1.1\r\nHost: other\r\n\r\n");
    EXPECT_EQ(absolute->status, Status::Complete);
    EXPECT_EQ(absolute->head.find("host")->value, "real");
}

TEST(HeadParser, KeepsItsLimits) {
    const HeadLimits limits{64, 256, 4};
    EXPECT_EQ(parse("GET /" + std::string(100, 'a'), limits)->status, Status::LineTooLong);
    EXPECT_EQ(parse("GET /" + std::string(100, 'a') + " HTTP/1.1\r\n", limits)->status,
              Status::LineTooLong);
    const std::string line = "GET / HTTP/1.1\r\nHost: x\r\n";
    EXPECT_EQ(parse(line + "A: " + std::string(300, 'a'), limits)->status, Status::TooLarge);
    EXPECT_EQ(parse(line + "A: 1\r\nB: 1\r\nC: 1\r\n\r\n", limits)->status, Status::Complete);
    EXPECT_EQ(parse(line + "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n\r\n", limits)->status,
              Status::TooLarge);
}

TEST(HeadParser, KeepAliveAndExpectations) {
    EXPECT_FALSE(parse_fields("Connection: x, close\r\n")->head.keep_alive);
    EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n")->head.keep_alive);
    EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")->head.keep_alive);
    EXPECT_TRUE(
        parse_fields("Expect: 100-Continue\r\nContent-Length: 1\r\n")->head.expect_continue);
    EXPECT_FALSE(parse_fields("Expect: 100-continue\r\n")->head.expect_continue);
    EXPECT_EQ(parse_fields("Expect: 200-ok\r\n")->status, Status::UnknownExpectation);
}

// However the bytes arrive, the outcome is the same.
TEST(HeadParser, DoesNotMindWhereItIsCut) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::string texts[] = {
        "\r\nPOST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
        "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", "GET / HTTP/1.1\r\nA : b\r\n\r\n"};
    for (int round = 0; round < 300; ++round) {
        const auto& text = texts[static_cast<std::size_t>(round) % 3];
        const auto whole = parse(text);
        HeadParser parser({});
        RequestHead head;
        std::size_t have = 0;
        auto status = Status::NeedMore;
        while (status == Status::NeedMore && have < text.size()) {
            have = std::min<std::size_t>(text.size(), have + 1 + random() % 7);
            status = parser.parse(std::string_view(text).substr(0, have), head);
        }
        EXPECT_EQ(status, whole->status);
        if (status != Status::Complete) continue;
        EXPECT_EQ(head.size, whole->head.size);
        EXPECT_EQ(head.fields.size(), whole->head.fields.size());
        EXPECT_EQ(head.content_length, whole->head.content_length);
    }
}

}  // namespace
}  // namespace zs::http
