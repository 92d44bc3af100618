#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace zs::testing {

struct FakeRequest {
    std::string method = {};
    std::string target = {};
    std::string head = {};  // request line and header lines
    std::string body = {};
};

struct FakeReply {
    int status = 200;
    std::string content_type = "application/json";
    std::string body = {};
    bool cut_off = false;  // promise more than is sent, then close
};

// A real socket for clients under test: answers what a function says, one connection at a time.
// Lifetime: joins its thread; destroy the client first. Threading: the function runs on that
// thread.
class FakeHttpServer {
public:
    using Answer = std::function<FakeReply(const FakeRequest&)>;

    explicit FakeHttpServer(Answer answer)
        : answer_(std::move(answer)),
          acceptor_(io_, {boost::asio::ip::make_address("127.0.0.1"), 0}),
          port_(acceptor_.local_endpoint().port()),
          thread_([this] { serve(); }) {}

    ~FakeHttpServer() {
        stopping_ = true;
        // A connection of our own wakes accept(); one that a client keeps open is shut down.
        {
            const std::lock_guard lock(mutex_);
            boost::system::error_code ignored;
            if (current_ != nullptr) {
                current_->shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
            }
        }
        boost::system::error_code ignored;
        boost::asio::ip::tcp::socket waker(io_);
        waker.connect({boost::asio::ip::make_address("127.0.0.1"), port_}, ignored);
        thread_.join();
    }
    FakeHttpServer(const FakeHttpServer&) = delete;
    FakeHttpServer& operator=(const FakeHttpServer&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::vector<FakeRequest> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

private:
    void serve() {
        while (!stopping_) {
            boost::system::error_code failed;
            boost::asio::ip::tcp::socket socket(io_);
            acceptor_.accept(socket, failed);
            if (failed || stopping_) return;
            set_current(&socket);
            while (!stopping_ && answer_one(socket)) {}
            set_current(nullptr);
        }
    }

    void set_current(boost::asio::ip::tcp::socket* socket) {
        const std::lock_guard lock(mutex_);
        current_ = socket;
    }

    // Without extensions and trailers; `text` is what was read already.
    static std::string read_chunks(boost::asio::ip::tcp::socket& socket, std::string text) {
        boost::system::error_code failed;
        std::string body;
        auto buffer = boost::asio::dynamic_buffer(text);
        while (true) {
            const auto line = boost::asio::read_until(socket, buffer, "\r\n", failed);
            if (failed) return body;
            const auto size = std::stoul(text.substr(0, line), nullptr, 16);
            const auto whole = line + size + 2;
            if (text.size() < whole) {
                std::string rest(whole - text.size(), '\0');
                boost::asio::read(socket, boost::asio::buffer(rest), failed);
                text += rest;
            }
            body += text.substr(line, size);
            text.erase(0, whole);
            if (size == 0 || failed) return body;
        }
    }

    bool answer_one(boost::asio::ip::tcp::socket& socket) {
        boost::system::error_code failed;
        std::string text;
        const auto end =
            boost::asio::read_until(socket, boost::asio::dynamic_buffer(text), "\r\n\r\n", failed);
        if (failed) return false;
        FakeRequest request;
        request.head = text.substr(0, end);
        request.body = text.substr(end);
        const auto blank = request.head.find(' ');
        request.method = request.head.substr(0, blank);
        request.target =
            request.head.substr(blank + 1, request.head.find(' ', blank + 1) - blank - 1);
        const auto length = request.head.find("Content-Length: ");
        if (length != std::string::npos) {
            const auto wanted = std::stoul(request.head.substr(length + 16));
            std::string rest(wanted - std::min(wanted, request.body.size()), '\0');
            boost::asio::read(socket, boost::asio::buffer(rest), failed);
            request.body += rest;
        }
        if (request.head.find("Transfer-Encoding: chunked") != std::string::npos) {
            request.body = read_chunks(socket, std::move(request.body));
        }
        const auto reply = answer_(request);
        {
            const std::lock_guard lock(mutex_);
            requests_.push_back(request);
        }
        const auto size = reply.body.size() + (reply.cut_off ? 100 : 0);
        boost::asio::write(
            socket,
            boost::asio::buffer("HTTP/1.1 " + std::to_string(reply.status) + " X\r\nContent-Type: "
                                + reply.content_type + "\r\nContent-Length: " + std::to_string(size)
                                + "\r\n\r\n" + reply.body),
            failed);
        return !failed && !reply.cut_off;
    }

    Answer answer_;
    boost::asio::io_context io_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::uint16_t port_;
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_;
    boost::asio::ip::tcp::socket* current_ = nullptr;
    std::vector<FakeRequest> requests_;
    std::thread thread_;
};

}  // namespace zs::testing
