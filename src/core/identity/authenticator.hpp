#pragma once

#include "async/task.hpp"
#include "core/identity/access_cache.hpp"
#include "core/identity/credential_store.hpp"
#include "core/identity/identity_config.hpp"
#include "core/identity/organization_store.hpp"
#include "core/identity/principal.hpp"
#include "core/identity/token_signer.hpp"

#include <string>
#include <string_view>

namespace zs::identity {

// Turns the text of a credential into a principal: access tokens, API keys, dev tokens. A hit of
// try_cached() is the common path; authenticate() reads the store.
// Threading: any.
class Authenticator {
public:
    Authenticator(CredentialStore& credentials, EnvironmentStore& environments,
                  const TokenSigner& signer, AccessCache& cache, const Clock& clock,
                  const IdentityConfig& config);

    // Null when the credential has to go through authenticate(). Never blocks.
    PrincipalPtr try_cached(std::string_view credential, std::string_view client_ip) {
        return cache_.find(credential, client_ip);
    }

    // `credential` is what follows "Bearer ", or the value of X-API-Key.
    // Errors: Unauthenticated for anything that is not good (now); Forbidden for a good API key
    // from an address that is not on its list; Unavailable.
    async::Task<Result<PrincipalPtr>> authenticate(std::string credential, std::string client_ip);

    // An admin token for the dev org, 24 h. Only with config.dev_mode.
    std::string mint_dev_token(std::string_view env_slug) const;

private:
    async::Task<Result<PrincipalPtr>> access_token(std::string credential, TokenClaims claims);
    async::Task<Result<PrincipalPtr>> dev_token(std::string credential, TokenClaims claims);
    async::Task<Result<PrincipalPtr>> api_key(std::string credential, std::string client_ip);

    CredentialStore& credentials_;
    EnvironmentStore& environments_;
    const TokenSigner& signer_;
    AccessCache& cache_;
    const Clock& clock_;
    const IdentityConfig& config_;
};

// The user that dev tokens stand for. It has no row: what needs an account refuses it.
UserId dev_user_id();

}  // namespace zs::identity
