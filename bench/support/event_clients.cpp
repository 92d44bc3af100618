#include "support/event_clients.hpp"

#include "support/failure.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace zs::bench {
namespace {

std::string subscribe_frame(const std::string& topic) {
    const std::string text = R"({"action":"subscribe","topic":")" + topic + "\"}";
    // Masked with zeros, which change nothing.
    return std::string("\x81") + static_cast<char>(0x80U | text.size()) + std::string(4, '\0')
           + text;
}

int connect_to(std::uint16_t port, std::size_t number) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw Failure("connection " + std::to_string(number) + ": " + std::strerror(errno));
    const std::string request = "GET /" + std::to_string(number)
                                + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    std::string answer;
    char byte = 0;
    while (!answer.ends_with("\r\n\r\n")) {
        if (::recv(fd, &byte, 1, 0) != 1) throw Failure("no answer to a handshake");
        answer += byte;
    }
    if (!answer.starts_with("HTTP/1.1 101")) throw Failure("answered " + answer);
    return fd;
}

}  // namespace

EventClients::~EventClients() {
    for (const auto& client : clients_)
        ::close(client.fd);
    if (epoll_ >= 0) ::close(epoll_);
}

void EventClients::connect(std::uint16_t port, std::size_t count) {
    if (epoll_ < 0) epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::size_t i = 0; i < count; ++i) {
        const auto number = clients_.size();
        Client client;
        client.fd = connect_to(port, number);
        const auto wanted =
            subscribe_frame("tables/all") + subscribe_frame("tables/t" + std::to_string(number));
        ::send(client.fd, wanted.data(), wanted.size(), MSG_NOSIGNAL);
        ::fcntl(client.fd, F_SETFL, O_NONBLOCK);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = number;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event);
        clients_.push_back(std::move(client));
    }
}

bool EventClients::wait(int milliseconds) {
    std::array<epoll_event, 256> events;
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), milliseconds);
    for (int i = 0; i < count; ++i)
        read(clients_[events[static_cast<std::size_t>(i)].data.u64]);
    return count > 0;
}

void EventClients::receive(const std::function<bool()>& enough) {
    while (!enough()) {
        if (!wait(10'000))
            throw Failure("no event for ten seconds, after " + std::to_string(events_));
    }
}

void EventClients::receive_for(double seconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (std::chrono::steady_clock::now() < end)
        wait(10);
}

void EventClients::read(Client& client) {
    std::array<char, 64 * 1024> buffer;
    const auto got = ::recv(client.fd, buffer.data(), buffer.size(), 0);
    if (got <= 0) {
        if (got < 0 && errno == EAGAIN) return;
        throw Failure("the server closed a connection");
    }
    client.received.append(buffer.data(), static_cast<std::size_t>(got));
    std::string_view left = client.received;
    while (left.size() >= 2) {
        const auto coded = static_cast<unsigned char>(left[1]);
        std::size_t header = 2;
        std::size_t size = coded;
        if (coded == 126) {
            if (left.size() < 4) break;
            header = 4;
            size = (std::size_t{static_cast<unsigned char>(left[2])} << 8)
                   | static_cast<unsigned char>(left[3]);
        }
        if (left.size() < header + size) break;
        if ((static_cast<unsigned char>(left[0]) & 0x0fU) == 1) take(left.substr(header, size));
        left.remove_prefix(header + size);
    }
    client.received.erase(0, client.received.size() - left.size());
}

void EventClients::take(std::string_view payload) {
    if (payload.starts_with(R"({"topic":"meta/ws")")) return;
    ++events_;
    if (!measures) return;
    const auto at = payload.find("\"t\":");
    if (at == std::string_view::npos) return;
    std::int64_t then = 0;
    std::from_chars(payload.data() + at + 4, payload.data() + payload.size(), then);
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    latencies_.add(std::chrono::nanoseconds(now - then));
}

}  // namespace zs::bench
