// Streamed answers, compression, clients that leave, and the end of the server.
#include "adapters/http/content_coding.hpp"
#include "adapters/http/server_fixture.hpp"
#include "async/completion.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace zs::http {
namespace {

using namespace std::chrono_literals;
using testing::HttpClient;

std::string unpack(std::string_view packed) {
    GzipInflater inflater;
    std::string out;
    while (!packed.empty())
        EXPECT_TRUE(inflater.inflate(packed, out, out.size() + 100'000));
    EXPECT_TRUE(inflater.at_end());
    return out;
}

// `count` pieces of `size` bytes; fails instead of piece `failing`.
class Pieces final : public BodySource {
public:
    Pieces(int count, std::size_t size, int failing = -1, std::atomic<int>* made = nullptr)
        : count_(count), size_(size), failing_(failing), made_(made) {}
    async::Task<Result<bool>> next(std::string& piece) override {
        co_await boost::asio::post(boost::asio::use_awaitable);
        if (at_ == failing_) co_return unavailable("the source broke");
        if (at_ == count_) co_return false;
        piece = std::string(size_, static_cast<char>('a' + at_ % 26));
        ++at_;
        if (made_ != nullptr) ++*made_;
        co_return true;
    }

private:
    int count_;
    std::size_t size_;
    int failing_;
    std::atomic<int>* made_;
    int at_ = 0;
};

std::string expected_pieces(int count, std::size_t size) {
    std::string all;
    for (int i = 0; i < count; ++i)
        all.append(size, static_cast<char>('a' + i % 26));
    return all;
}

Response stream_of(std::unique_ptr<BodySource> source, const char* type = "application/x-ndjson") {
    Response response;
    response.content_type = type;
    response.source = std::move(source);
    return response;
}

// Waits until the request is to stop.
async::Task<Result<Response>> wait_for_stop(Request& request, std::promise<void>& running,
                                            std::promise<void>& stopped) {
    auto token = request.stop_token();
    running.set_value();
    using Answer = Result<void>;
    std::optional<std::stop_callback<std::function<void()>>> callback;
    auto start = [&](async::Completion<Answer> done) {
        auto shared = std::make_shared<async::Completion<Answer>>(std::move(done));
        callback.emplace(token, [shared] { shared->complete({}); });
    };
    auto outcome = co_await async::wait_for<Answer>(std::move(start));
    stopped.set_value();
    if (!outcome) co_return outcome.error();
    co_return text_response("stopped");
}

class HttpStream : public ServerTest {
protected:
    HttpStream() {
        open.needs = nothing();
        add("/pieces", [](Request&) { return stream_of(std::make_unique<Pieces>(20, 3000)); });
        add("/big", [](Request&) {
            return stream_of(std::make_unique<Pieces>(100, 100'000), "application/octet-stream");
        });
        add("/broken", [](Request&) { return stream_of(std::make_unique<Pieces>(9, 1000, 3)); });
        add("/broken-first", [](Request&) { return stream_of(std::make_unique<Pieces>(9, 9, 0)); });
        add("/endless", [this](Request&) {
            return stream_of(std::make_unique<Pieces>(1 << 30, 64'000, -1, &made),
                             "application/octet-stream");
        });
        add("/text", [](Request&) { return text_response(std::string(5000, 't')); });
        add("/huge-text", [](Request&) { return text_response(std::string(3'000'000, 't')); });
        add("/small-text", [](Request&) { return text_response(std::string(1023, 't')); });
        add("/binary", [](Request&) {
            return text_response(std::string(5000, 'b'), "application/octet-stream");
        });
        add("/tagged", [](Request&) {
            auto response = text_response(std::string(5000, 't'));
            response.with("ETag", "\"tag\"");
            return response;
        });
        add("/throws", [](Request&) -> Response { throw std::runtime_error("/secret/path"); });
        router.add(Method::Get, "/until-stop", open,
                   [this](Request& request) { return wait_for_stop(request, running, stopped); });
    }

    void add(const char* path, std::function<Response(Request&)> make) {
        router.add_plain(Method::Get, path, open,
                         [make](Request& request) -> Result<Response> { return make(request); });
    }

    RouteOptions open;
    std::atomic<int> made{0};
    std::promise<void> running;
    std::promise<void> stopped;
};

// A head that ends on the last byte of the buffer must leave room for its body; else the loop would
// wait for input that it never reads.
TEST_F(HttpStream, BodyBehindAHeadThatFillsTheBuffer) {
    start(1);
    for (const std::size_t total : {std::size_t{28'672}, std::size_t{32'768}}) {
        const std::string first = "GET /hello HTTP/1.1\r\nHost: x\r\nPad: ";
        const std::string second =
            "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nPad: ";
        const std::string end = "\r\n\r\n";
        const std::size_t half = total / 2;
        auto client = connect();
        client.send(first + std::string(half - first.size() - end.size(), 'a') + end + second
                    + std::string(half - second.size() - end.size(), 'b') + end);
        ASSERT_TRUE(client.read_reply());
        client.send("5\r\nhello\r\n0\r\n\r\n");
        const auto echoed = client.read_reply();
        ASSERT_TRUE(echoed) << total;
        EXPECT_EQ(echoed->body, "hello");
        EXPECT_EQ(connect().get("/hello").value().status, 200u);
    }
}

TEST_F(HttpStream, SourcesAreSentChunked) {
    start();
    auto client = connect();
    for (int i = 0; i < 3; ++i) {
        const auto reply = client.get("/pieces");
        EXPECT_TRUE(reply->chunked);
        EXPECT_TRUE(reply->complete);
        EXPECT_FALSE(reply->has("Content-Length"));
        EXPECT_EQ(reply->body, expected_pieces(20, 3000));
    }
    EXPECT_EQ(client.get("/big")->body, expected_pieces(100, 100'000));
    EXPECT_EQ(client.get("/hello")->body, "hello");
}

TEST_F(HttpStream, Http10ReadsUntilTheEnd) {
    start();
    auto client = connect();
    client.send("GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const auto reply = client.read_reply();
    EXPECT_FALSE(reply->chunked);
    EXPECT_EQ(reply->header("Connection"), "close");
    EXPECT_EQ(reply->body, expected_pieces(20, 3000));
}

TEST_F(HttpStream, HeadOfAStreamHasNoBody) {
    start();
    auto client = connect();
    EXPECT_EQ(client.request("HEAD", "/pieces")->status, 200u);
    EXPECT_EQ(client.get("/hello")->body, "hello");
}

TEST_F(HttpStream, AnEarlyErrorIsAnAnswerALateOneCutsTheBody) {
    start();
    auto client = connect();
    EXPECT_EQ(client.get("/broken-first")->status, 503u);
    const auto reply = client.get("/broken");
    EXPECT_EQ(reply->status, 200u);
    EXPECT_FALSE(reply->complete);
}

TEST_F(HttpStream, SlowReadersSlowTheSourceDown) {
    start();
    auto client = connect();
    client.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
    // What is made and not yet read fits into the sockets' buffers.
    std::size_t read = 0;
    while (read < 64'000'000) {
        const auto bytes = client.read_some(client.patience);
        ASSERT_FALSE(bytes.empty());
        read += bytes.size();
        ASSERT_LT(static_cast<std::size_t>(made) * 64'000, read + 20'000'000);
    }
    client.reset();
    stop();
}

TEST_F(HttpStream, GzipForThoseWhoTakeIt) {
    start();
    auto client = connect();
    const std::string gzip = "Accept-Encoding: gzip\r\n";
    auto reply = client.get("/text", gzip);
    EXPECT_EQ(reply->header("Content-Encoding"), "gzip");
    EXPECT_EQ(reply->header("Vary"), "Accept-Encoding");
    EXPECT_LT(reply->body.size(), 500u);
    EXPECT_EQ(unpack(reply->body), std::string(5000, 't'));
    EXPECT_EQ(client.request("HEAD", "/text", gzip)->header("Content-Length"),
              std::to_string(reply->body.size()));

    for (const char* fields : {"", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip;q=0\r\n"}) {
        reply = client.get("/text", fields);
        EXPECT_FALSE(reply->has("Content-Encoding"));
        EXPECT_EQ(reply->header("Vary"), "Accept-Encoding");
        EXPECT_EQ(reply->body.size(), 5000u);
    }
    EXPECT_FALSE(client.get("/binary", gzip)->has("Content-Encoding"));
    EXPECT_FALSE(client.get("/small-text", gzip)->has("Content-Encoding"));
    EXPECT_EQ(client.get("/tagged", gzip)->header("ETag"), "W/\"tag\"");
    EXPECT_EQ(client.get("/tagged")->header("ETag"), "\"tag\"");
}

TEST_F(HttpStream, StreamsAreCompressedToo) {
    start();
    auto client = connect();
    const std::string gzip = "Accept-Encoding: gzip\r\n";
    EXPECT_EQ(unpack(client.get("/pieces", gzip)->body), expected_pieces(20, 3000));
    const auto huge = client.get("/huge-text", gzip);
    EXPECT_TRUE(huge->chunked);
    EXPECT_EQ(unpack(huge->body), std::string(3'000'000, 't'));
    EXPECT_EQ(client.get("/huge-text")->header("Content-Length"), "3000000");
}

TEST_F(HttpStream, AnExceptionIs500WithoutItsText) {
    start();
    auto client = connect();
    const auto reply = client.get("/throws");
    EXPECT_EQ(reply->status, 500u);
    EXPECT_EQ(error_of(*reply), "internal");
    EXPECT_EQ(reply->body.find("secret"), std::string::npos);
    EXPECT_EQ(client.get("/hello")->status, 200u);
}

TEST_F(HttpStream, AClientThatLeavesStopsItsRequest) {
    start();
    auto client = connect();
    client.send("GET /until-stop HTTP/1.1\r\nHost: x\r\n\r\n");
    running.get_future().wait();
    client.close();
    EXPECT_EQ(stopped.get_future().wait_for(10s), std::future_status::ready);
    stop();
}

TEST_F(HttpStream, PipelinedBytesDoNotHideThatTheClientLeft) {
    start();
    auto client = connect();
    client.send(
        "GET /until-stop HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    running.get_future().wait();
    client.finish_sending();
    EXPECT_EQ(stopped.get_future().wait_for(10s), std::future_status::ready);
    // It only closed its side, and still gets both answers.
    EXPECT_EQ(client.read_reply()->body, "stopped");
    EXPECT_EQ(client.read_reply()->body, "hello");
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpStream, TheServerGivesUpOnASlowHandler) {
    config.limits.handler_timeout = 200ms;
    start();
    auto client = connect();
    client.send("GET /until-stop HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto reply = client.read_reply();
    EXPECT_EQ(reply->status, 504u);
    EXPECT_EQ(error_of(*reply), "deadline_exceeded");
    EXPECT_EQ(stopped.get_future().wait_for(10s), std::future_status::ready);
    EXPECT_TRUE(client.closed_by_server());
}

TEST_F(HttpStream, AClientThatTakesNothingIsCutOff) {
    config.limits.write_timeout = 200ms;
    start();
    auto client = connect();
    client.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
    // Nothing is read here, so the server can only give up.
    for (int i = 0; server().connections() > 0 && i < 1000; ++i)
        std::this_thread::sleep_for(10ms);
    EXPECT_EQ(server().connections(), 0u);
}

TEST_F(HttpStream, AManyMegabyteUploadIsReadAtTheHandlersPace) {
    config.limits.body_bytes_max = 0;
    router.add(Method::Post, "/count", open, [](Request& request) -> async::Task<Result<Response>> {
        std::size_t size = 0;
        while (true) {
            auto piece = co_await request.body().read();
            if (!piece) co_return piece.error();
            if (!piece->has_value()) break;
            size += (*piece)->size();
        }
        co_return text_response(std::to_string(size));
    });
    start();
    auto client = connect();
    client.send("POST /count HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    for (int i = 0; i < 300; ++i)
        ASSERT_TRUE(client.send(chunk));
    client.send("0\r\n\r\n");
    EXPECT_EQ(client.read_reply()->body, std::to_string(300 * 0x10000));
}

// Clients that write all before they read (Node's fetch) would see a reset instead of the answer.
TEST_F(HttpStream, AnEarlyErrorReachesAClientThatIsStillSending) {
    config.limits.body_bytes_max = 1000;
    start();
    auto client = connect();
    constexpr std::size_t kBytes = 20 << 20;
    client.send(
        fmt::format("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", kBytes));
    const std::string piece(1 << 16, 'x');
    for (std::size_t sent = 0; sent < kBytes; sent += piece.size())
        ASSERT_TRUE(client.send(piece)) << "refused after " << sent;
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 413u);
    EXPECT_EQ(reply->header("connection"), "close");
}

TEST_F(HttpStream, DrainingFinishesWhatRuns) {
    start(1);
    auto idle = connect();
    EXPECT_EQ(idle.get("/hello")->status, 200u);
    auto busy = connect();
    busy.send("GET /until-stop HTTP/1.1\r\nHost: x\r\n\r\n");
    running.get_future().wait();
    auto started = connect();
    started.send("GET /hello HTTP/1.1\r\nHo");
    EXPECT_TRUE(connect().get("/hello"));  // all of the above has arrived

    server().stop_accepting();
    EXPECT_TRUE(idle.closed_by_server());
    started.send("st: x\r\n\r\n");
    EXPECT_EQ(started.read_reply()->header("Connection"), "close");
    busy.finish_sending();
    const auto reply = busy.read_reply();
    EXPECT_EQ(reply->body, "stopped");
    EXPECT_EQ(reply->header("Connection"), "close");
    server().drain_blocking(10s);
    EXPECT_EQ(server().connections(), 0u);
    EXPECT_FALSE(connect().is_open());
}

TEST_F(HttpStream, DrainingCutsWhatTakesTooLong) {
    start();
    auto busy = connect();
    busy.send("GET /until-stop HTTP/1.1\r\nHost: x\r\n\r\n");
    running.get_future().wait();
    server().stop_accepting();
    server().drain_blocking(0s);
    EXPECT_EQ(stopped.get_future().wait_for(10s), std::future_status::ready);
    EXPECT_EQ(server().connections(), 0u);
    EXPECT_TRUE(busy.closed_by_server());
}

}  // namespace
}  // namespace zs::http
