#include "support/http_response.hpp"

#include "support/failure.hpp"

#include <gtest/gtest.h>

namespace zs::bench {
namespace {

constexpr std::string_view kPlain =
    "HTTP/1.1 200 OK\r\nDate: now\r\ncontent-LENGTH:  5\r\n\r\nhello";
constexpr std::string_view kChunked =
    "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    "3\r\nabc\r\na;x=1\r\n0123456789\r\n0\r\n\r\n";

// Gives the parser the bytes in every possible pair of pieces.
void expect_found_at_every_cut(std::string_view bytes, int status, std::string_view body) {
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
        ResponseParser parser;
        ASSERT_FALSE(parser.parse(bytes.substr(0, cut))) << cut;
        const auto response = parser.parse(bytes);
        ASSERT_TRUE(response) << cut;
        EXPECT_EQ(response->status, status);
        EXPECT_EQ(response->total_size, bytes.size());
        EXPECT_EQ(body_of(*response, bytes), body);
    }
}

TEST(ResponseParser, FindsTheEndByLength) {
    expect_found_at_every_cut(kPlain, 200, "hello");
}

TEST(ResponseParser, FindsTheEndByChunks) {
    expect_found_at_every_cut(kChunked, 201, "abc0123456789");
}

TEST(ResponseParser, NoticesThatTheConnectionCloses) {
    EXPECT_FALSE(ResponseParser().parse(kPlain)->closes);
    EXPECT_TRUE(ResponseParser().parse(kChunked)->closes);
}

TEST(ResponseParser, LeavesTheNextResponseAlone) {
    const std::string two = std::string(kPlain) + std::string(kPlain);
    ResponseParser parser;
    EXPECT_EQ(parser.parse(two)->total_size, kPlain.size());
    EXPECT_EQ(parser.parse(std::string_view(two).substr(kPlain.size()))->status, 200);
}

TEST(ResponseParser, ThrowsForSomethingElse) {
    EXPECT_THROW(ResponseParser().parse("SSH-2.0-x\r\n\r\n\r\n"), Failure);
    EXPECT_THROW(ResponseParser().parse("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), Failure);
}

}  // namespace
}  // namespace zs::bench
