#pragma once

#include "adapters/http/routes/event_routes.hpp"
#include "adapters/ws/ws_server.hpp"
#include "core/events/fanout.hpp"
#include "core/identity/identity.hpp"
#include "server/config.hpp"
#include "server/topic_lookup.hpp"
#include "server/ws_route.hpp"

namespace zs::server {

// What events pass on their way from the bus to clients, wired: fan-out and WebSockets. Clients
// follow what identity says about their credentials.
// Lifetime: outlived by what it is made of; stop_blocking() before it is destroyed.
struct EventDelivery {
    struct Sources {
        events::EventBus& bus;
        async::IoRuntime& io;
        const Clock& clock;
        identity::Identity& identity;
        data::SqlService& sql;
        data::CollectionStore& collections;
        jobs::JobQueue& jobs;
    };
    EventDelivery(const Config& config, const Sources& sources);

    // Tells every client that the server stops, and ends them.
    void announce_stop(std::chrono::seconds grace);
    // Waits until they have gone.
    void stop_blocking();

    events::Fanout fanout;
    ws::WsServer sockets;
    http::EventRoutes::Options stream_options;
    WsRoute::Options socket_options;
};

}  // namespace zs::server
