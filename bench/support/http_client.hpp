#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zs::bench {

// Where a server listens: always IPv4 loopback.
struct Endpoint {
    std::uint16_t port = 0;
};

// A connected TCP socket without Nagle's delay. Throws Failure.
int connect_blocking(Endpoint endpoint);

// One HTTP/1.1 request as bytes. `headers` are whole lines without their end.
std::string request_text(std::string_view method, std::string_view path,
                         const std::vector<std::string>& headers = {}, std::string_view body = {});

struct Answer {
    int status = 0;
    std::string head;
    std::string body;
};

// For preparing and checking: one request at a time on one connection.
class HttpClient {
public:
    explicit HttpClient(Endpoint endpoint);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    Answer send(std::string_view request);

private:
    int fd_;
};

// A signed-up user of our server.
struct Account {
    std::string token;

    std::vector<std::string> headers() const;
};
// The first account of an empty server is its administrator. `email` must be new.
Account sign_up(Endpoint endpoint, const std::string& email);
// Throws Failure with the server's message unless the statement succeeds.
boost::json::value run_sql(Endpoint endpoint, const Account& account, std::string_view sql);

// Many `POST /v1/sql` that differ in their parameters only. Made once, since a load generator that
// is busy with text measures itself.
class SqlRequests {
public:
    SqlRequests(const Account& account, std::string_view sql);

    // Appends a whole request. `params` is the text of a JSON array.
    void append(std::string& out, std::string_view params) const;

private:
    std::string head_;  // up to the value of Content-Length
    std::string body_;  // up to the value of "params"
};

}  // namespace zs::bench
