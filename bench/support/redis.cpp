#include "support/failure.hpp"
#include "support/servers.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace zs::bench {
namespace {

bool is_listening(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool connected =
        ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    return connected;
}

}  // namespace

Redis::Redis(const std::filesystem::path& directory) : port_(free_port()) {
    std::filesystem::create_directories(directory);
    Command server;
    server.arguments = {"redis-server",
                        "--port",
                        std::to_string(port_),
                        "--bind",
                        "127.0.0.1",
                        "--dir",
                        directory,
                        "--logfile",
                        (directory / "log").string(),
                        "--save",
                        "",
                        "--appendonly",
                        "yes",
                        "--appendfsync",
                        "always"};
    process_.emplace(server);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!is_listening(port_)) {
        if (!process_->is_running() || std::chrono::steady_clock::now() > end)
            throw Failure("Redis does not start: is redis-server installed?");
        ::usleep(5000);
    }
}

std::string Redis::url() const {
    return "redis://127.0.0.1:" + std::to_string(port_);
}

}  // namespace zs::bench
