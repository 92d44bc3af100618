#include "support/http_client.hpp"

#include "support/failure.hpp"
#include "support/http_response.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace zs::bench {

namespace {

constexpr const char* kPassword = "correct horse battery 9";

boost::json::value checked(const Answer& answer, std::string_view what) {
    if (answer.status < 200 || answer.status > 299) {
        throw Failure(std::string(what) + " answered " + std::to_string(answer.status) + ": "
                      + answer.body);
    }
    boost::system::error_code error;
    auto value = boost::json::parse(answer.body, error);
    if (error) throw Failure(std::string(what) + " answered no JSON: " + answer.body);
    return value;
}

const std::vector<std::string> kJson{"Content-Type: application/json"};

}  // namespace

int connect_blocking(Endpoint endpoint) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) throw Failure(std::string("no socket: ") + std::strerror(errno));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(endpoint.port);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        const std::string reason = std::strerror(errno);
        ::close(fd);
        throw Failure("cannot connect to port " + std::to_string(endpoint.port) + ": " + reason);
    }
    const int yes = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

std::string request_text(std::string_view method, std::string_view path,
                         const std::vector<std::string>& headers, std::string_view body) {
    std::string text;
    text.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\n");
    for (const auto& header : headers)
        text.append(header).append("\r\n");
    if (!body.empty() || method != "GET") {
        text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    }
    return text.append("\r\n").append(body);
}

HttpClient::HttpClient(Endpoint endpoint) : fd_(connect_blocking(endpoint)) {}

HttpClient::~HttpClient() {
    ::close(fd_);
}

Answer HttpClient::send(std::string_view request) {
    while (!request.empty()) {
        const ssize_t sent = ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL);
        if (sent <= 0) throw Failure(std::string("cannot send: ") + std::strerror(errno));
        request.remove_prefix(static_cast<std::size_t>(sent));
    }
    ResponseParser parser;
    std::string bytes;
    while (true) {
        char buffer[16384];
        const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
        if (got <= 0) throw Failure("the server closed the connection without an answer");
        bytes.append(buffer, static_cast<std::size_t>(got));
        const auto response = parser.parse(bytes);
        if (response) {
            return {response->status, bytes.substr(0, response->head_size),
                    body_of(*response, bytes)};
        }
    }
}

std::vector<std::string> Account::headers() const {
    return {"Authorization: Bearer " + token, kJson[0]};
}

Account sign_up(Endpoint endpoint, const std::string& email) {
    HttpClient client(endpoint);
    const std::string body =
        boost::json::serialize(boost::json::object{{"email", email}, {"password", kPassword}});
    checked(client.send(request_text("POST", "/v1/auth/signup", kJson, body)), "signup");
    const auto bundle =
        checked(client.send(request_text("POST", "/v1/auth/login", kJson, body)), "login");
    return {std::string(bundle.at("access_token").as_string())};
}

SqlRequests::SqlRequests(const Account& account, std::string_view sql) {
    head_ = request_text("GET", "/v1/sql", account.headers());
    head_.replace(0, 3, "POST");
    head_.resize(head_.size() - 2);
    head_ += "Content-Length: ";
    body_ = R"({"sql":)";
    body_ += boost::json::serialize(boost::json::string(sql.data(), sql.size()));
    body_ += R"(,"params":)";
}

void SqlRequests::append(std::string& out, std::string_view params) const {
    const auto length = std::to_string(body_.size() + params.size() + 1);
    out.append(head_).append(length).append("\r\n\r\n");
    out.append(body_).append(params).append("}");
}

boost::json::value run_sql(Endpoint endpoint, const Account& account, std::string_view sql) {
    std::string request;
    SqlRequests(account, sql).append(request, "[]");
    return checked(HttpClient(endpoint).send(request), sql);
}

}  // namespace zs::bench
