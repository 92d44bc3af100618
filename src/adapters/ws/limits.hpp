#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every number of this module that is a rule and not a choice of the operator (those are in
// ws_server.hpp). Source: http-api.md section 9.
namespace zs::ws::limits {

inline constexpr std::size_t kControlPayloadMax = 125;  // RFC 6455 section 5.5
inline constexpr std::size_t kFragmentsMax = 1024;      // of one message

// What is read before a session's turn is over, and into which buffer of the loop.
inline constexpr std::size_t kReadBufferBytes = 64 * 1024;
inline constexpr int kReadsPerTurn = 4;

// One system call sends so many messages, or about so many bytes.
inline constexpr std::size_t kPartsPerWrite = 128;
inline constexpr std::size_t kBytesPerWrite = 256 * 1024;

// A client that sends requests and does not read the answers is not read any more.
inline constexpr std::size_t kUnreadAnswersMax = 256;

inline constexpr std::chrono::seconds kExpiryNotice{60};  // token_expiring, before the end
inline constexpr std::chrono::seconds kCloseTime{5};      // for the client's close frame
inline constexpr std::chrono::seconds kLingerTime{2};     // for its end of the connection
inline constexpr std::chrono::milliseconds kTick{250};

inline constexpr int kBadMessagesMax = 10;  // within kBadMessagesTime: close 1008
inline constexpr std::chrono::seconds kBadMessagesTime{60};
// Beyond the rate for WsConfig::limited_time: close 4429. It starts anew after so long without a
// refusal.
inline constexpr std::chrono::seconds kLimitedPause{1};

inline constexpr std::size_t kTokenBytesMax = 8192;
inline constexpr std::size_t kTypesMax = 32;
inline constexpr std::size_t kTypeBytesMax = 64;
inline constexpr std::size_t kIdBytesMax = 256;

}  // namespace zs::ws::limits
