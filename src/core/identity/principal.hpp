#pragma once

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "core/identity/rights.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zs::identity {

struct UserTag;
struct SessionTag;
struct ApiKeyTag;
struct EnvironmentTag;
struct PermissionTag;
struct TeamTag;
using UserId = Id<UserTag>;
using SessionId = Id<SessionTag>;
using ApiKeyId = Id<ApiKeyTag>;
using EnvironmentId = Id<EnvironmentTag>;
using PermissionId = Id<PermissionTag>;
using TeamId = Id<TeamTag>;

// What separates one customer's data from another's: every object belongs to one pair.
struct Tenant {
    std::string org_id;    // text, "default" unless configured
    std::string env_slug;  // "live" or "sandbox"
    auto operator<=>(const Tenant&) const = default;
};

enum class TokenKind { Access, ApiKey, Dev };
std::string_view to_text(TokenKind kind) noexcept;  // access, api_key, dev

// Whoever makes a request, as of the moment the credential was checked. Immutable and shared, so
// that a cached credential costs no copy.
struct Principal {
    UserId user_id;
    std::string email;
    std::optional<std::string> name;
    Tenant tenant;
    EnvironmentId environment_id;
    std::vector<std::string> roles;
    std::vector<std::string> labels;
    TokenKind token_kind = TokenKind::Access;
    Uuid token_id;  // the session, or the API key
    Timestamp expires_at;
    bool narrowed = false;  // an API key with scopes: roles do not tell what it may do
    // The union over user, groups, labels, roles and teams; cut by the scopes of a key.
    std::shared_ptr<const Rights> rights;
};
using PrincipalPtr = std::shared_ptr<const Principal>;

// What "role admin" in the contracts means: a key with scopes does not act as an administrator.
bool is_admin(const Principal& principal);
// Errors: Forbidden.
Result<void> require_admin(const Principal& principal);
// An account and its credentials are not managed with an API key: what is made or changed with it
// could outlive it, or work from more places. Errors: Forbidden.
Result<void> check_signed_in(const Principal& principal);

}  // namespace zs::identity
