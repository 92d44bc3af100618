#pragma once

#include "async/task.hpp"
#include "core/identity/access_cache.hpp"
#include "core/identity/api_key_store.hpp"
#include "core/identity/credential_store.hpp"
#include "core/identity/session_store.hpp"

namespace zs::identity {

// Sees what other processes change (an operator's command on the same database, another node) and
// carries it into the cache; writes back when credentials were last used.
// Lifetime: run() goes on until its task group is cancelled.
class ChangeWatcher {
public:
    ChangeWatcher(CredentialStore& credentials, SessionStore& sessions, ApiKeyStore& api_keys,
                  AccessCache& cache, const Clock& clock)
        : credentials_(credentials),
          sessions_(sessions),
          api_keys_(api_keys),
          cache_(cache),
          clock_(clock) {}

    async::Task<> run();
    // One look at the store; the first is taken before the cache is used. When it fails for longer
    // than kBlindMax, nothing is known to be unchanged any more: the cache is emptied and every
    // credential goes to the store.
    async::Task<Result<void>> poll();
    async::Task<Result<void>> flush_last_uses();
    async::Task<Result<void>> purge();

private:
    CredentialStore& credentials_;
    SessionStore& sessions_;
    ApiKeyStore& api_keys_;
    AccessCache& cache_;
    const Clock& clock_;
    IdentityEpoch known_{-1, -1};
};

}  // namespace zs::identity
