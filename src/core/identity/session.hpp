#pragma once

#include "base/clock.hpp"
#include "core/identity/principal.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace zs::identity {

// A sign-in on one device, from login to logout. Its id is also the family of its refresh tokens.
struct Session {
    SessionId id;
    std::string org_id;
    UserId user_id;
    EnvironmentId environment_id;
    std::string env_slug;
    std::string ip;
    std::string user_agent;
    Timestamp created_at;
    Timestamp last_used_at;
    Timestamp expires_at;      // idle end; each refresh moves it
    Timestamp expires_at_max;  // absolute end
    std::optional<Timestamp> ended_at;
};

// One refresh token as it is stored: never the token, only its hash.
struct RefreshToken {
    std::string hash;  // SHA-256 of the token, hex
    SessionId session_id;
    Timestamp issued_at;  // whole seconds
    Timestamp expires_at;
    std::optional<Timestamp> spent_at;
    std::string successor_hash;  // empty until spent
};

enum class RefreshVerdict {
    Rotate,           // spend it and hand out its successor
    RepeatSuccessor,  // spent a moment ago: two tabs, the same successor again
    RevokeFamily,     // spent long ago: somebody else has it
    Refuse,           // expired, or its session has ended
};

// The whole life of a refresh token: what presenting it at `now` means.
// Source: security.md, Refresh tokens.
RefreshVerdict judge_refresh(const RefreshToken& token, const Session& session, Timestamp now,
                             Millis grace);

// The id of the token that follows `jti`. It is a function of the parent, so that a repeated
// refresh can hand out the very same successor although only hashes are stored.
std::string successor_jti(std::string_view jti);

}  // namespace zs::identity
