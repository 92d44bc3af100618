#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "core/identity/principal.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace zs::identity {

enum class TokenType { Access, Refresh, Dev };
std::string_view to_text(TokenType type) noexcept;  // access, refresh, dev
Result<TokenType> parse_text(std::type_identity<TokenType>, std::string_view text);

// What a token says. Times are whole seconds.
struct TokenClaims {
    TokenType type = TokenType::Access;
    UserId user_id;
    std::string org;
    std::string env;  // slug; empty in a refresh token
    std::vector<std::string> roles;
    std::vector<std::string> labels;
    SessionId session_id;
    std::string jti;
    std::string issuer;
    std::string audience;
    Timestamp issued_at;
    Timestamp not_before;
    Timestamp expires_at;
};

struct TokenRules {
    std::string issuer;
    std::string audience;
    Seconds skew{60};
};

// The checks that come after the signature. `expected` is the only type that is accepted.
// Errors: Unauthenticated.
Result<void> check_claims(const TokenClaims& claims, TokenType expected, const TokenRules& rules,
                          Timestamp now);

// Makes and reads signed tokens.
// Threading: any; neither method blocks. Signing is deterministic: equal claims give equal text.
class TokenSigner {
public:
    virtual ~TokenSigner() = default;
    virtual std::string sign(const TokenClaims& claims) const = 0;
    // Reads a token of one type, signature and claims checked. Errors: Unauthenticated.
    virtual Result<TokenClaims> verify(std::string_view token, TokenType expected,
                                       Timestamp now) const = 0;
};

}  // namespace zs::identity
