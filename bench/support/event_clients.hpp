#pragma once

#include "support/statistics.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace zs::bench {

// Many WebSocket clients in one thread that count what they get.
// Threading: one.
class EventClients {
public:
    EventClients() = default;
    ~EventClients();
    EventClients(const EventClients&) = delete;
    EventClients& operator=(const EventClients&) = delete;

    // Connects so many more, each to /<its number>, and subscribes it to tables/all and its own
    // tables/t<number>; a server that knows no subscriptions ignores that.
    void connect(std::uint16_t port, std::size_t count);
    // Waits for events until `enough` says so. Throws Failure when none came for ten seconds.
    void receive(const std::function<bool()>& enough);
    // For so long, whatever comes.
    void receive_for(double seconds);

    std::size_t size() const { return clients_.size(); }
    std::uint64_t events() const { return events_; }
    // Times the events took since `t` in them.
    Histogram& latencies() { return latencies_; }
    bool measures = false;  // looks for `t`; costs time

private:
    struct Client {
        int fd = -1;
        std::string received;
    };
    bool wait(int milliseconds);
    void read(Client& client);
    void take(std::string_view payload);

    int epoll_ = -1;
    std::vector<Client> clients_;
    std::uint64_t events_ = 0;
    Histogram latencies_;
};

}  // namespace zs::bench
