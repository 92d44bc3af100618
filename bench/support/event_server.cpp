#include "support/event_server.hpp"

#include "adapters/ws/frame.hpp"
#include "adapters/ws/handshake.hpp"
#include "adapters/ws/ws_server.hpp"
#include "core/events/memory_event_bus.hpp"

#include <boost/asio/post.hpp>

#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace zs::bench {
namespace {

const identity::Tenant kTenant{"default", "live"};
constexpr std::size_t kLoops = 1;  // as the peer: one core
constexpr std::size_t kQueueEvents = 100'000;
constexpr std::size_t kQueueBytes = std::size_t{64} << 20;

int listen_on_loopback(std::uint16_t& port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(fd, 4096);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    return fd;
}

// Until `end`, blocking; empty when the peer has gone.
std::string read_until(int fd, std::string_view end) {
    std::string text;
    char byte = 0;
    while (!text.ends_with(end)) {
        if (::recv(fd, &byte, 1, 0) != 1) return {};
        text += byte;
    }
    return text;
}

std::string_view header_of(std::string_view head, std::string_view name) {
    const auto at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string_view::npos) return {};
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

class EventServer {
public:
    EventServer() : fanout_(bus_, io_, fanout_config()), sockets_(io_, fanout_, clock_, config()) {
        auto principal = std::make_shared<identity::Principal>();
        principal->tenant = kTenant;
        principal->expires_at = clock_.now() + std::chrono::hours(24);
        principal->rights = std::make_shared<identity::Rights>(identity::Rights::everything());
        principal_ = std::move(principal);
        io_.start();
    }

    // Never comes back: the process is killed.
    void serve() {
        std::uint16_t port = 0;
        std::uint16_t control_port = 0;
        const int clients = listen_on_loopback(port);
        const int control = listen_on_loopback(control_port);
        std::printf("listening %d %d\n", int{port}, int{control_port});
        std::fflush(stdout);
        std::thread accepting([this, clients] {
            while (true)
                accept(::accept4(clients, nullptr, nullptr, SOCK_CLOEXEC));
        });
        while (true)
            obey(::accept4(control, nullptr, nullptr, SOCK_CLOEXEC));
    }

private:
    static events::Fanout::Config fanout_config() {
        events::Fanout::Config config;
        config.outbox = {.events_max = kQueueEvents, .bytes_max = kQueueBytes};
        config.encode = ws::make_text_frame;
        return config;
    }
    static ws::WsConfig config() {
        ws::WsConfig config;
        config.connections_max = 100'000;
        return config;
    }

    void accept(int fd) {
        if (fd < 0) return;
        const auto head = read_until(fd, "\r\n\r\n");
        const auto accepted = ws::answer_handshake(
            {header_of(head, "Connection"), header_of(head, "Upgrade"),
             header_of(head, "Sec-WebSocket-Version"), header_of(head, "Sec-WebSocket-Key")});
        if (!accepted || !sockets_.reserve()) {
            ::close(fd);
            return;
        }
        const std::string answer =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: "
            + *accepted + "\r\n\r\n";
        ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        const std::size_t index = next_loop_++ % io_.size();
        boost::asio::post(io_.loop(index), [this, fd, index] {
            ws::NewConnection connection;
            connection.fd = fd;
            connection.loop = &io_.loop(index);
            // As long as a real one, and not shared.
            connection.access.credential = std::string(450, 't');
            connection.access.principal = principal_;
            sockets_.accept(std::move(connection));
        });
    }

    void publish(std::string name) {
        events::NewEvent event;
        event.topic = events::Topic{events::TopicFamily::Tables, std::move(name)};
        event.type = "change";
        event.message = "insert in " + event.topic.text();
        event.data["t"] = std::chrono::steady_clock::now().time_since_epoch().count();
        event.data["operation"] = "insert";
        event.data["count"] = 1;
        bus_.publish(kTenant, std::move(event));
    }

    void each(double rate, double seconds) {
        using Clock = std::chrono::steady_clock;
        const auto began = Clock::now();
        const auto total = static_cast<std::uint64_t>(rate * seconds);
        std::uint64_t sent = 0;
        while (sent < total) {
            const std::chrono::duration<double> passed = Clock::now() - began;
            const auto due = std::min(total, static_cast<std::uint64_t>(passed.count() * rate));
            for (; sent < due; ++sent)
                publish("t" + std::to_string(sent % sockets_.connections()));
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    void obey(int fd) {
        while (fd >= 0) {
            const auto line = read_until(fd, "\n");
            if (line.empty()) break;
            char command[16] = {};
            double first = 0;
            double second = 0;
            std::sscanf(line.c_str(), "%15s %lf %lf", command, &first, &second);
            if (std::string_view(command) == "fan") {
                for (int i = 0; i < static_cast<int>(first); ++i)
                    publish("all");
            } else {
                each(first, second);
            }
            ::send(fd, "done\n", 5, MSG_NOSIGNAL);
        }
        ::close(fd);
    }

    SystemClock clock_;
    async::IoRuntime io_{kLoops};
    events::MemoryEventBus bus_{clock_};
    events::Fanout fanout_;
    ws::WsServer sockets_;
    identity::PrincipalPtr principal_;
    std::atomic<std::size_t> next_loop_{0};
};

}  // namespace

int run_event_server() {
    EventServer().serve();
    return 0;
}

}  // namespace zs::bench
