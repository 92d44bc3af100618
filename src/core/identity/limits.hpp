#pragma once

#include "base/clock.hpp"

#include <cstddef>

// Every number of this module that is a rule and not a choice of the operator (those are in
// identity_config.hpp). Source: security.md, http-api.md sections 2 and 3.
namespace zs::identity {

inline constexpr std::size_t kEmailBytesMax = 254;
inline constexpr std::size_t kPasswordCharactersMin = 8;
inline constexpr std::size_t kPasswordCharactersMax = 128;
inline constexpr std::size_t kPasswordBytesMax = 1024;  // before normalisation
inline constexpr std::size_t kNameBytesMax = 255;
inline constexpr std::size_t kDescriptionBytesMax = 4096;
inline constexpr std::size_t kUserAgentBytesMax = 255;  // longer ones are cut
inline constexpr std::size_t kPrincipalIdBytesMax = 255;
inline constexpr std::size_t kTableNameBytesMax = 255;
inline constexpr std::size_t kListEntriesMax = 100;  // roles, labels, groups, scopes, addresses

inline constexpr std::size_t kTokenBytesMax = 8192;
inline constexpr Seconds kClockSkew{60};

inline constexpr std::size_t kSessionsPerUserMax = 20;
inline constexpr std::size_t kApiKeysPerUserMax = 50;
inline constexpr int kApiKeyDaysMax = 3650;
inline constexpr Seconds kApiKeyGraceMax{86400};
inline constexpr std::size_t kApiKeyPrefixLength = 12;

// Credentials remembered per process; beyond it the oldest of a shard are forgotten.
inline constexpr std::size_t kCachedCredentialsMax = 65536;
// How long another process's change may go unseen is twice this at most.
inline constexpr Millis kChangePollInterval{500};
// Without a successful look for this long, cached credentials are not trusted.
inline constexpr Millis kBlindMax{5'000};
inline constexpr Millis kTouchInterval{30'000};

inline constexpr std::size_t kAttemptKeysMax = 65536;  // per kind of attempt

inline constexpr int kPageDefault = 100;
inline constexpr int kPageMax = 1000;

}  // namespace zs::identity
