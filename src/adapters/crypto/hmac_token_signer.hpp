#pragma once

#include "core/identity/identity_config.hpp"
#include "core/identity/token_signer.hpp"

#include <string>
#include <vector>

namespace zs::crypto {

// Signs with HS256 and reads nothing else: `alg` of a token is compared, never believed. A token
// names its key by `kid`; every key is good for one type of token, so a refresh token cannot pass
// for an access token even before its claims are read.
// Threading: any. Source: security.md, Access tokens.
class HmacTokenSigner final : public identity::TokenSigner {
public:
    // Errors: InvalidArgument when a secret is shorter than 32 bytes or two are the same.
    static Result<HmacTokenSigner> make(const identity::TokenSecrets& secrets,
                                        identity::TokenRules rules);

    std::string sign(const identity::TokenClaims& claims) const override;
    Result<identity::TokenClaims> verify(std::string_view token, identity::TokenType expected,
                                         Timestamp now) const override;

private:
    struct Key {
        std::string id;
        identity::TokenType type;
        Secret secret;
    };
    HmacTokenSigner(std::vector<Key> keys, identity::TokenRules rules)
        : keys_(std::move(keys)), rules_(std::move(rules)) {}
    // The first key of a type signs.
    const Key* signing_key(identity::TokenType type) const;
    const Key* key_of(std::string_view id, identity::TokenType type) const;

    std::vector<Key> keys_;
    identity::TokenRules rules_;
};

}  // namespace zs::crypto
