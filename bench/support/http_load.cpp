#include "support/failure.hpp"
#include "support/http_response.hpp"
#include "support/load.hpp"

#include <cstring>
#include <deque>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace zs::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadSize = 65536;
constexpr Seconds kDrain{2};  // for answers that are still due at the end

// One keep-alive connection. What was sent and not answered is in `sent_at`, oldest first.
struct Connection {
    int fd = -1;
    std::string in;
    std::size_t parsed = 0;  // bytes of `in` that belong to finished responses
    std::string out;
    std::size_t written = 0;
    bool wants_write = false;
    ResponseParser parser;
    std::deque<Clock::time_point> sent_at;
};

class HttpLoad {
public:
    HttpLoad(Endpoint endpoint, const LoadOptions& options, const MakeRequest& make)
        : endpoint_(endpoint),
          options_(options),
          make_(make),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        if (epoll_ < 0) throw Failure(std::string("no epoll: ") + std::strerror(errno));
    }
    ~HttpLoad() {
        for (auto& connection : connections_) {
            if (connection.fd >= 0) ::close(connection.fd);
        }
        ::close(epoll_);
    }
    HttpLoad(const HttpLoad&) = delete;
    HttpLoad& operator=(const HttpLoad&) = delete;

    LoadResult run();

private:
    enum class Phase { WarmUp, Measured, Drain };

    void open(Connection& connection);
    void reopen(Connection& connection, const std::string& reason);
    void refill(Connection& connection);
    void flush(Connection& connection);
    void read(Connection& connection);
    bool take_answers(Connection& connection);
    void count(int status, std::string_view text, Clock::duration took);
    void fail(const std::string& reason);
    void poll_until(Clock::time_point end);
    bool idle() const;

    Endpoint endpoint_;
    const LoadOptions& options_;
    const MakeRequest& make_;
    int epoll_;
    Phase phase_ = Phase::WarmUp;
    std::vector<Connection> connections_;
    std::vector<char> buffer_ = std::vector<char>(kReadSize);
    LoadResult result_;
};

void HttpLoad::open(Connection& connection) {
    connection.fd = connect_blocking(endpoint_);
    ::fcntl(connection.fd, F_SETFL, ::fcntl(connection.fd, F_GETFL) | O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
}

void HttpLoad::fail(const std::string& reason) {
    if (result_.first_failure.empty()) result_.first_failure = reason;
    if (phase_ == Phase::Measured) ++result_.failures;
}

void HttpLoad::reopen(Connection& connection, const std::string& reason) {
    if (!reason.empty()) fail(reason);
    ::close(connection.fd);
    connection = {};
    if (phase_ == Phase::Drain) return;
    open(connection);
    refill(connection);
    flush(connection);
}

void HttpLoad::refill(Connection& connection) {
    if (phase_ == Phase::Drain) return;
    const auto now = Clock::now();
    while (connection.sent_at.size() < static_cast<std::size_t>(options_.pipeline)) {
        make_(connection.out);
        connection.sent_at.push_back(now);
    }
}

void HttpLoad::flush(Connection& connection) {
    while (connection.written < connection.out.size()) {
        const ssize_t sent = ::send(connection.fd, connection.out.data() + connection.written,
                                    connection.out.size() - connection.written, MSG_NOSIGNAL);
        if (sent < 0) break;
        connection.written += static_cast<std::size_t>(sent);
    }
    const bool blocked = connection.written < connection.out.size();
    if (!blocked) {
        connection.out.clear();
        connection.written = 0;
    }
    if (blocked != connection.wants_write) {
        connection.wants_write = blocked;
        epoll_event event{};
        event.events = blocked ? EPOLLIN | EPOLLOUT : EPOLLIN;
        event.data.ptr = &connection;
        ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
    }
}

void HttpLoad::count(int status, std::string_view text, Clock::duration took) {
    if (status < 200 || status > 299) {
        fail(std::string(text.substr(0, 2000)));
    } else if (phase_ == Phase::Measured) {
        ++result_.answers;
        result_.latency.add(took);
    }
}

// False when the server announced that it closes.
bool HttpLoad::take_answers(Connection& connection) {
    const auto now = Clock::now();
    while (connection.parsed < connection.in.size() && !connection.sent_at.empty()) {
        const std::string_view rest = std::string_view(connection.in).substr(connection.parsed);
        const auto response = connection.parser.parse(rest);
        if (!response) break;
        count(response->status, rest.substr(0, response->total_size),
              now - connection.sent_at.front());
        connection.sent_at.pop_front();
        connection.parsed += response->total_size;
        if (response->closes) return false;
    }
    if (connection.parsed == connection.in.size()) {
        connection.in.clear();
        connection.parsed = 0;
    } else if (connection.parsed > kReadSize) {
        connection.in.erase(0, connection.parsed);
        connection.parsed = 0;
    }
    return true;
}

void HttpLoad::read(Connection& connection) {
    const ssize_t got = ::recv(connection.fd, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return reopen(connection, "the server closed the connection");
    connection.in.append(buffer_.data(), static_cast<std::size_t>(got));
    if (!take_answers(connection)) return reopen(connection, "");
    refill(connection);
    flush(connection);
}

bool HttpLoad::idle() const {
    for (const auto& connection : connections_) {
        if (!connection.sent_at.empty()) return false;
    }
    return true;
}

void HttpLoad::poll_until(Clock::time_point end) {
    epoll_event events[256];
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        if (left.count() <= 0 || (phase_ == Phase::Drain && idle())) return;
        const int ready = ::epoll_wait(epoll_, events, 256, static_cast<int>(left.count()));
        for (int i = 0; i < ready; ++i) {
            auto& connection = *static_cast<Connection*>(events[i].data.ptr);
            if ((events[i].events & EPOLLOUT) != 0) flush(connection);
            if ((events[i].events & ~static_cast<unsigned>(EPOLLOUT)) != 0) read(connection);
        }
    }
}

LoadResult HttpLoad::run() {
    connections_.resize(static_cast<std::size_t>(options_.clients));
    for (auto& connection : connections_)
        open(connection);
    for (auto& connection : connections_) {
        refill(connection);
        flush(connection);
    }
    const auto in = [](Seconds span) {
        return Clock::now() + std::chrono::duration_cast<Clock::duration>(span);
    };
    poll_until(in(options_.warm_up));
    const double cpu = options_.server_cpu ? options_.server_cpu() : 0;
    const auto start = Clock::now();
    phase_ = Phase::Measured;
    poll_until(in(options_.measured));
    phase_ = Phase::Drain;
    result_.seconds = Seconds(Clock::now() - start).count();
    if (options_.server_cpu) result_.server_cpu_seconds = options_.server_cpu() - cpu;
    poll_until(in(kDrain));
    return std::move(result_);
}

}  // namespace

LoadResult run_http_load(Endpoint endpoint, const LoadOptions& options, const MakeRequest& make) {
    return HttpLoad(endpoint, options, make).run();
}

}  // namespace zs::bench
