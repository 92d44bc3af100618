#include "core/identity/token_signer.hpp"

namespace zs::identity {

std::string_view to_text(TokenType type) noexcept {
    switch (type) {
        case TokenType::Access: return "access";
        case TokenType::Refresh: return "refresh";
        case TokenType::Dev: return "dev";
    }
    return "access";
}

Result<TokenType> parse_text(std::type_identity<TokenType>, std::string_view text) {
    for (const auto type : {TokenType::Access, TokenType::Refresh, TokenType::Dev}) {
        if (text == to_text(type)) return type;
    }
    return invalid_argument("not a type of token");
}

Result<void> check_claims(const TokenClaims& claims, TokenType expected, const TokenRules& rules,
                          Timestamp now) {
    if (claims.type != expected) {
        return unauthenticated("this is a token of type " + std::string(to_text(claims.type))
                               + ", one of type " + std::string(to_text(expected)) + " is needed");
    }
    if (claims.issuer != rules.issuer || claims.audience != rules.audience) {
        return unauthenticated("the token was made by or for somebody else");
    }
    if (now >= claims.expires_at + rules.skew) return unauthenticated("the token has expired");
    if (now + rules.skew < claims.not_before) return unauthenticated("the token is not valid yet");
    if (claims.expires_at <= claims.issued_at) return unauthenticated("the token never was valid");
    return {};
}

}  // namespace zs::identity
