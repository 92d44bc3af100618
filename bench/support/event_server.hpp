#pragma once

namespace zs::bench {

// The events part of zserver alone: bus, fan-out and WebSocket server, with a publisher inside.
// Prints "listening <port> <control port>" and serves until it is killed; the commands are those of
// support/ws_peer.mjs. Answers an exit code.
int run_event_server();

}  // namespace zs::bench
