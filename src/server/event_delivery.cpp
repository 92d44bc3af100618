#include "server/event_delivery.hpp"

#include "adapters/ws/frame.hpp"
#include "server/event_sources.hpp"
#include "server/settings.hpp"

#include <utility>

namespace zs::server {
namespace {

// For the clients of WebSockets to say goodbye.
constexpr std::chrono::seconds kSocketsCloseTime{2};

events::Fanout::Config fanout_settings(const Config& config,
                                       identity::Authenticator& authenticator) {
    events::Fanout::Config out;
    out.outbox = event_queue_limits(config);
    out.encode = ws::make_text_frame;
    out.authenticate = [&authenticator](std::string credential, std::string client_ip) {
        return authenticator.authenticate(std::move(credential), std::move(client_ip));
    };
    return out;
}

ws::WsConfig socket_settings(const Config& config, TopicLookup look_up) {
    auto out = ws_settings(config);
    out.look_up = std::move(look_up);
    return out;
}

http::EventRoutes::Options stream_settings(const Config& config, TopicLookup look_up) {
    http::EventRoutes::Options out;
    out.subscriptions_max = config.websocket.subscriptions_max;
    out.look_up = std::move(look_up);
    return out;
}

}  // namespace

EventDelivery::EventDelivery(const Config& config, const Sources& from)
    : fanout(from.bus, from.io, fanout_settings(config, from.identity.authenticator)),
      sockets(from.io, fanout, from.clock,
              socket_settings(config, topic_lookup(from.sql, from.collections, from.jobs))),
      stream_options(stream_settings(config, topic_lookup(from.sql, from.collections, from.jobs))),
      socket_options(ws_route_options(config)) {
    // Streams and sockets have the same places.
    stream_options.take_place = [this]() -> std::shared_ptr<void> {
        if (!sockets.reserve()) return nullptr;
        return {&sockets, [](ws::WsServer* places) { places->give_up(); }};
    };
    auto& cache = from.identity.cache;
    cache.on_session_ended([this](identity::SessionId id) { fanout.session_ended(id.uuid()); });
    cache.on_rights_changed([this] { fanout.rights_changed(); });
}

void EventDelivery::announce_stop(std::chrono::seconds grace) {
    fanout.publish_to_listeners(shutdown_notice(grace));
    fanout.end_all();
}

void EventDelivery::stop_blocking() {
    sockets.close_blocking(kSocketsCloseTime);
    fanout.close_blocking();
}

}  // namespace zs::server
