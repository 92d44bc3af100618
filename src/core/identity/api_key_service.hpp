#pragma once

#include "async/task.hpp"
#include "core/identity/access_cache.hpp"
#include "core/identity/api_key_store.hpp"
#include "core/identity/client.hpp"

#include <vector>

namespace zs::identity {

// API keys of users. Owners manage their own, role admin those of the whole org.
// A key manages no keys: it may rotate or revoke itself, anything else of it is Forbidden.
// Source: http-api.md section 2. Threading: any.
class ApiKeyService {
public:
    ApiKeyService(ApiKeyStore& store, AccessCache& cache, const Clock& clock)
        : store_(store), cache_(cache), clock_(clock) {}

    async::Task<Result<std::vector<ApiKeyView>>> list(PrincipalPtr caller);
    // Errors: InvalidArgument naming scopes, ip_allow or expires_in_days; Exhausted "key_limit";
    // Forbidden for a credential without an account.
    async::Task<Result<NewApiKeyView>> create(PrincipalPtr caller, ApiKeyRequest request,
                                              Client client);
    // Errors: NotFound; Forbidden for another's key unless role admin; Gone when revoked.
    async::Task<Result<ApiKeyView>> find(PrincipalPtr caller, ApiKeyId id);
    async::Task<Result<ApiKeyView>> update(PrincipalPtr caller, ApiKeyId id, ApiKeyPatch patch,
                                           Client client);
    async::Task<Result<void>> revoke(PrincipalPtr caller, ApiKeyId id, Client client);
    // The owner's alone; another's key is NotFound. Errors: NotFound; Gone.
    async::Task<Result<NewApiKeyView>> rotate(PrincipalPtr caller, ApiKeyId id,
                                              RotateApiKeyRequest request, Client client);

private:
    async::Task<Result<ApiKey>> find_allowed(PrincipalPtr caller, ApiKeyId id);

    ApiKeyStore& store_;
    AccessCache& cache_;
    const Clock& clock_;
};

}  // namespace zs::identity
