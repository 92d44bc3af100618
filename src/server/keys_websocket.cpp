#include "server/key_values.hpp"

namespace zs::server {
namespace {

std::vector<ConfigKey> connection_keys() {
    return {
        number_key("websocket.max_connections", "ZWS_MAX_CONNECTIONS", "20000",
                   "Open WebSockets and event streams in all: 503.", Unit::None, 1, 1'000'000,
                   [](Config& c, const KeyValue& v) { c.websocket.connections_max = as_size(v); }),
        number_key(
            "websocket.connect_rate", "ZWS_CONNECT_RATE", "10",
            "Connects per second and address, loopback exempt; 0 is off: 429.", Unit::None, 0,
            1'000'000,
            [](Config& c, const KeyValue& v) { c.websocket.connects_per_second = as_u32(v); }),
        number_key("websocket.auth_timeout_secs", "ZWS_AUTH_TIMEOUT_SECS", "10",
                   "Time to authenticate after the connect: close 4401.", Unit::Seconds, 1, 3600,
                   [](Config& c, const KeyValue& v) { c.websocket.auth_timeout = as_seconds(v); }),
        number_key("websocket.ping_secs", "ZWS_PING_SECS", "25", "A ping after so much silence.",
                   Unit::Seconds, 1, 3600,
                   [](Config& c, const KeyValue& v) { c.websocket.ping_every = as_seconds(v); }),
        number_key("websocket.timeout_secs", "ZWS_TIMEOUT_SECS", "60",
                   "Nothing heard, or no byte taken, for so long: close 4508.", Unit::Seconds, 1,
                   3600,
                   [](Config& c, const KeyValue& v) { c.websocket.silent_after = as_seconds(v); }),
    };
}

std::vector<ConfigKey> message_keys() {
    return {
        number_key(
            "websocket.max_message", "ZWS_MAX_MESSAGE", "65536", "A text message: close 1009.",
            Unit::Bytes, 1024, 16 << 20,
            [](Config& c, const KeyValue& v) { c.websocket.message_bytes_max = as_size(v); }),
        number_key(
            "websocket.max_subscriptions", "ZWS_MAX_SUBSCRIPTIONS", "100",
            "Subscriptions of one socket.", Unit::None, 1, 10'000,
            [](Config& c, const KeyValue& v) { c.websocket.subscriptions_max = as_size(v); }),
        number_key(
            "websocket.rate", "ZWS_RATE", "50", "Text messages per second; 0 is off.", Unit::None,
            0, 1'000'000,
            [](Config& c, const KeyValue& v) { c.websocket.messages_per_second = as_u32(v); }),
        number_key("websocket.burst", "ZWS_BURST", "200", "So many of them at once.", Unit::None, 1,
                   1'000'000,
                   [](Config& c, const KeyValue& v) { c.websocket.messages_burst = as_u32(v); }),
    };
}

std::vector<ConfigKey> queue_keys() {
    return {
        number_key("websocket.queue", "ZWS_QUEUE", "256",
                   "Events that wait for a slow client; beyond it the oldest is dropped.",
                   Unit::None, 1, 1'000'000,
                   [](Config& c, const KeyValue& v) { c.websocket.queue_events_max = as_size(v); }),
        number_key("websocket.queue_bytes", "ZWS_QUEUE_BYTES", "1048576", "The same in bytes.",
                   Unit::Bytes, 1024, kKeyBytesMax,
                   [](Config& c, const KeyValue& v) { c.websocket.queue_bytes_max = as_size(v); }),
        number_key(
            "websocket.resume_events", "ZWS_RESUME_EVENTS", "10000",
            "Events kept per organisation and environment for clients that come back.", Unit::None,
            0, 1'000'000,
            [](Config& c, const KeyValue& v) { c.websocket.resume_events_max = as_size(v); }),
        number_key("websocket.resume_secs", "ZWS_RESUME_SECS", "600", "How long they are kept.",
                   Unit::Seconds, 1, 86'400,
                   [](Config& c, const KeyValue& v) { c.websocket.resume_for = as_seconds(v); }),
    };
}

}  // namespace

std::vector<ConfigKey> websocket_keys() {
    std::vector<ConfigKey> keys;
    for (auto* part : {connection_keys, message_keys, queue_keys}) {
        for (auto& key : part())
            keys.push_back(std::move(key));
    }
    return keys;
}

}  // namespace zs::server
