#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zs::testing {

// One answer as it came over the wire, the transfer coding taken off.
struct HttpReply {
    unsigned status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool complete = false;  // the body ended as its framing says
    bool chunked = false;
    std::size_t head_count = 0;  // 100 Continue heads that came before

    // The first value, names compared without case; empty when absent.
    std::string header(std::string_view name) const;
    bool has(std::string_view name) const;
};

// A blocking HTTP client for tests that can send any bytes. Every wait ends after `patience`, so
// that a server that hangs fails the test instead of stopping it.
// Threading: one at a time.
class HttpClient {
public:
    explicit HttpClient(std::uint16_t port, std::string host = "127.0.0.1");
    ~HttpClient();
    HttpClient(HttpClient&& other) noexcept;
    HttpClient& operator=(HttpClient&&) = delete;

    bool is_open() const { return fd_ >= 0; }
    // False when the server has closed the connection.
    bool send(std::string_view bytes);
    // As many bytes as the kernel takes without waiting; for servers that stop reading.
    std::size_t send_some(std::string_view bytes);
    void finish_sending();  // half-close
    void close();
    void reset();  // closes with RST

    // The next reply; nullopt when the server closes before a whole head. `to_head` for replies to
    // HEAD, which have no body.
    enum class To { Get, Head };
    std::optional<HttpReply> read_reply(To to = To::Get);
    // True when the server closes without sending anything more.
    bool closed_by_server();
    // Raw bytes until the server closes.
    std::string read_to_end();
    // Whatever is there within `most`, possibly nothing.
    std::string read_some(std::chrono::milliseconds most);

    // Sends one request and reads its reply. `fields` are whole lines with CRLF. Host is added, and
    // Content-Length when there is a body.
    std::optional<HttpReply> request(std::string_view method, std::string_view target,
                                     std::string_view fields = {}, std::string_view body = {});
    std::optional<HttpReply> get(std::string_view target, std::string_view fields = {}) {
        return request("GET", target, fields);
    }

    std::chrono::milliseconds patience{20'000};

private:
    bool fill();  // false at the end of the stream
    std::optional<std::string> take_line();
    bool take(std::size_t count, std::string& out);
    bool read_chunks(std::string& out);

    int fd_ = -1;
    std::string buffer_;
};

}  // namespace zs::testing
