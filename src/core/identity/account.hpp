#pragma once

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "core/identity/environment.hpp"
#include "core/identity/user.hpp"

#include <boost/describe/class.hpp>

#include <optional>
#include <string>
#include <vector>

// The words of /v1/auth/* and /v1/whoami. Source: http-api.md section 2.
namespace zs::identity {

struct SignupRequest {
    std::string email;
    Secret password;
    std::optional<std::string> name;
};
BOOST_DESCRIBE_STRUCT(SignupRequest, (), (email, password, name))

struct SignupReply {
    UserId user_id;
    std::string org_id;
    UserStatus status = UserStatus::Active;
    std::vector<std::string> roles;
};
BOOST_DESCRIBE_STRUCT(SignupReply, (), (user_id, org_id, status, roles))

struct LoginRequest {
    std::string email;
    Secret password;
    std::optional<std::string> environment;  // live when absent
};
BOOST_DESCRIBE_STRUCT(LoginRequest, (), (email, password, environment))

struct RefreshRequest {
    Secret refresh_token;
};
BOOST_DESCRIBE_STRUCT(RefreshRequest, (), (refresh_token))

struct SwitchEnvironmentRequest {
    Secret refresh_token;
    std::string environment;
};
BOOST_DESCRIBE_STRUCT(SwitchEnvironmentRequest, (), (refresh_token, environment))

struct LogoutRequest {
    std::optional<Secret> refresh_token;  // without it, the session of the access token ends
    std::optional<bool> all;
};
BOOST_DESCRIBE_STRUCT(LogoutRequest, (), (refresh_token, all))

struct ChangePasswordRequest {
    Secret current_password;
    Secret new_password;
};
BOOST_DESCRIBE_STRUCT(ChangePasswordRequest, (), (current_password, new_password))

// What a client needs to go on. Holds live tokens: for the reply only, never for a log.
struct TokenBundle {
    std::string access_token;
    std::string refresh_token;
    std::string token_type = "Bearer";
    std::int64_t expires_in = 0;  // seconds
    Timestamp access_expires_at;
    Timestamp refresh_expires_at;
    UserSummary user;
    EnvironmentSummary environment;
};
BOOST_DESCRIBE_STRUCT(TokenBundle, (),
                      (access_token, refresh_token, token_type, expires_in, access_expires_at,
                       refresh_expires_at, user, environment))

// A new access token for a session that stays as it is.
struct AccessGrant {
    std::string access_token;
    std::string token_type = "Bearer";
    std::int64_t expires_in = 0;
    Timestamp access_expires_at;
    UserSummary user;
    EnvironmentSummary environment;
};
BOOST_DESCRIBE_STRUCT(AccessGrant, (),
                      (access_token, token_type, expires_in, access_expires_at, user, environment))

struct SessionView {
    SessionId id;
    std::string env_slug;
    Timestamp created_at;
    Timestamp last_used_at;
    std::string ip;
    std::string user_agent;
    bool current = false;
};
BOOST_DESCRIBE_STRUCT(SessionView, (),
                      (id, env_slug, created_at, last_used_at, ip, user_agent, current))

struct Whoami {
    UserId user_id;
    std::string email;
    std::string org_id;
    EnvironmentId env_id;
    std::string env_slug;
    std::vector<std::string> roles;
    std::vector<std::string> labels;
    std::string token_kind;
    std::string token_id;
};
BOOST_DESCRIBE_STRUCT(Whoami, (),
                      (user_id, email, org_id, env_id, env_slug, roles, labels, token_kind,
                       token_id))
Whoami whoami_of(const Principal& principal);

}  // namespace zs::identity
