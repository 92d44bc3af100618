// Streamed answers whose length is known.
#include "adapters/http/server_fixture.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

// Gives `pieces` one after the other.
class Given final : public BodySource {
public:
    explicit Given(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
    async::Task<Result<bool>> next(std::string& piece) override {
        if (at_ == pieces_.size()) co_return false;
        piece = pieces_[at_++];
        co_return true;
    }

private:
    std::vector<std::string> pieces_;
    std::size_t at_ = 0;
};

class HttpSized : public ServerTest {
protected:
    void add(const std::string& path, std::vector<std::string> pieces, std::uint64_t length,
             const char* type = "application/octet-stream") {
        RouteOptions options;
        options.needs = nothing();
        router.add_plain(Method::Get, path, options, [pieces, length, type](Request& request) {
            Response response;
            response.content_type = type;
            response.source_length = length;
            if (request.method() == Method::Get) response.source = std::make_unique<Given>(pieces);
            return Result<Response>(std::move(response));
        });
    }
};

TEST_F(HttpSized, TheLengthIsSentAndTheConnectionStays) {
    const std::string big(300'000, 'b');
    add("/sized", {"aaa", big, "c"}, 4 + big.size());
    start();
    auto client = connect();
    for (int i = 0; i < 2; ++i) {
        const auto reply = client.get("/sized");
        ASSERT_TRUE(reply);
        EXPECT_EQ(reply->status, 200u);
        EXPECT_EQ(reply->header("Content-Length"), std::to_string(4 + big.size()));
        EXPECT_EQ(reply->header("Transfer-Encoding"), "");
        EXPECT_TRUE(reply->body == "aaa" + big + "c");
    }
    const auto head = client.request("HEAD", "/sized");
    ASSERT_TRUE(head);
    EXPECT_EQ(head->header("Content-Length"), std::to_string(4 + big.size()));
    EXPECT_EQ(client.get("/hello")->status, 200u) << "nothing followed the head";
}

TEST_F(HttpSized, CompressionTakesTheLengthAway) {
    const std::string text(100'000, 't');
    add("/text", {text}, text.size(), "text/plain");
    start();
    const auto reply = connect().get("/text", "Accept-Encoding: gzip\r\n");
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->header("Content-Encoding"), "gzip");
    EXPECT_EQ(reply->header("Content-Length"), "");
}

TEST_F(HttpSized, AWrongLengthBreaksTheAnswerOff) {
    add("/short", {"abc"}, 10);
    add("/long", {"abc", "def"}, 4);
    start();
    for (const char* path : {"/short", "/long"}) {
        auto client = connect();
        const auto reply = client.get(path);
        EXPECT_TRUE(!reply || !reply->complete) << path;
        EXPECT_FALSE(client.get("/hello")) << "the connection is closed after " << path;
    }
}

}  // namespace
}  // namespace zs::http
