#pragma once

#include <cstdint>

namespace zs::ws {

// Why a connection ends. Source: RFC 6455 section 7.4, http-api.md section 9.7.
enum class CloseCode : std::uint16_t {
    Normal = 1000,
    GoingAway = 1001,        // the server stops
    ProtocolError = 1002,    // frames that RFC 6455 does not know
    InvalidText = 1007,      // not UTF-8
    PolicyViolation = 1008,  // messages that make no sense, again and again
    TooLarge = 1009,
    Internal = 1011,
    Unauthenticated = 4401,
    Forbidden = 4403,
    TooMany = 4429,
    Slow = 4508,
};

}  // namespace zs::ws
