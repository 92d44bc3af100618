#include "support/http_client.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace zs::testing {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return std::tolower(static_cast<unsigned char>(x))
                      == std::tolower(static_cast<unsigned char>(y));
           });
}

}  // namespace

std::string HttpReply::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (same_name(key, name)) return value;
    }
    return {};
}

bool HttpReply::has(std::string_view name) const {
    return std::any_of(headers.begin(), headers.end(),
                       [&](const auto& header) { return same_name(header.first, name); });
}

HttpClient::HttpClient(std::uint16_t port, std::string host) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) close();
}

HttpClient::HttpClient(HttpClient&& other) noexcept
    : patience(other.patience),
      fd_(std::exchange(other.fd_, -1)),
      buffer_(std::move(other.buffer_)) {}

HttpClient::~HttpClient() {
    close();
}

void HttpClient::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

void HttpClient::reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
}

void HttpClient::finish_sending() {
    ::shutdown(fd_, SHUT_WR);
}

bool HttpClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::size_t HttpClient::send_some(std::string_view bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

bool HttpClient::fill() {
    pollfd ready{fd_, POLLIN, 0};
    if (fd_ < 0 || ::poll(&ready, 1, static_cast<int>(patience.count())) <= 0) return false;
    char bytes[16384];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
}

std::optional<std::string> HttpClient::take_line() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
        if (!fill()) return std::nullopt;
    }
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return line;
}

bool HttpClient::take(std::size_t count, std::string& out) {
    while (buffer_.size() < count) {
        if (!fill()) return false;
    }
    out.append(buffer_, 0, count);
    buffer_.erase(0, count);
    return true;
}

bool HttpClient::read_chunks(std::string& out) {
    while (true) {
        const auto size = take_line();
        if (!size) return false;
        const auto count = std::strtoull(size->c_str(), nullptr, 16);
        if (count == 0) {
            const auto last = take_line();
            return last && last->empty();
        }
        if (!take(count, out)) return false;
        const auto end = take_line();
        if (!end || !end->empty()) return false;
    }
}

std::optional<HttpReply> HttpClient::read_reply(To to) {
    HttpReply reply;
    while (true) {
        const auto status = take_line();
        if (!status || status->size() < 12) return std::nullopt;
        reply.status = static_cast<unsigned>(std::strtoul(status->c_str() + 9, nullptr, 10));
        while (true) {
            const auto line = take_line();
            if (!line) return std::nullopt;
            if (line->empty()) break;
            const auto colon = line->find(": ");
            reply.headers.emplace_back(line->substr(0, colon),
                                       colon == std::string::npos ? "" : line->substr(colon + 2));
        }
        if (reply.status != 100) break;
        ++reply.head_count;
        reply.headers.clear();
    }
    const bool bodyless = to == To::Head || reply.status == 204 || reply.status == 304;
    reply.chunked = reply.header("Transfer-Encoding") == "chunked";
    if (bodyless) {
        reply.complete = true;
    } else if (reply.chunked) {
        reply.complete = read_chunks(reply.body);
    } else if (reply.has("Content-Length")) {
        const auto length = std::strtoull(reply.header("Content-Length").c_str(), nullptr, 10);
        reply.complete = take(length, reply.body);
    } else {
        reply.body = read_to_end();
        reply.complete = true;
    }
    return reply;
}

bool HttpClient::closed_by_server() {
    return read_to_end().empty();
}

std::string HttpClient::read_to_end() {
    while (fill()) {}
    return std::exchange(buffer_, {});
}

std::string HttpClient::read_some(std::chrono::milliseconds most) {
    const auto patient = std::exchange(patience, most);
    if (buffer_.empty()) fill();
    patience = patient;
    return std::exchange(buffer_, {});
}

std::optional<HttpReply> HttpClient::request(std::string_view method, std::string_view target,
                                             std::string_view fields, std::string_view body) {
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n");
    text.append(fields);
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    text.append("\r\n").append(body);
    if (!send(text)) {
        // The answer may have come before everything was sent.
    }
    return read_reply(method == "HEAD" ? To::Head : To::Get);
}

}  // namespace zs::testing
