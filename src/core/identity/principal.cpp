#include "core/identity/principal.hpp"

#include "core/identity/user.hpp"

#include <algorithm>

namespace zs::identity {

std::string_view to_text(TokenKind kind) noexcept {
    switch (kind) {
        case TokenKind::Access: return "access";
        case TokenKind::ApiKey: return "api_key";
        case TokenKind::Dev: return "dev";
    }
    return "access";
}

bool is_admin(const Principal& principal) {
    const auto& roles = principal.roles;
    return !principal.narrowed && std::find(roles.begin(), roles.end(), kRoleAdmin) != roles.end();
}

Result<void> require_admin(const Principal& principal) {
    if (is_admin(principal)) return {};
    return forbidden("this needs the role admin").with("needs", json_text("role admin"));
}

Result<void> check_signed_in(const Principal& principal) {
    if (principal.token_kind != TokenKind::ApiKey) return {};
    return forbidden(
        "an API key cannot do this: sign in to manage API keys, sessions and the password (a key "
        "can only rotate or revoke itself)");
}

}  // namespace zs::identity
