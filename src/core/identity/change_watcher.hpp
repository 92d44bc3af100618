#pragma once

#include "async/task.hpp"
#include "core/identity/access_cache.hpp"
#include "core/identity/api_key_store.hpp"
#include "core/identity/credential_store.hpp"
#include "core/identity/session_store.hpp"

#include <vector>

namespace zs::identity {

// Sees what other processes change (an operator's command on the same database, another node) and
// carries it into the cache; writes back when credentials were last used.
// Lifetime: run() goes on until its task group is cancelled; a round that fails does not end it.
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
    // One look at the store; the first is taken before the cache is used. When none succeeds for
    // longer than kBlindMax, the cache answers nothing and every credential goes to the store.
    async::Task<Result<void>> poll();
    async::Task<Result<void>> flush_last_uses();
    async::Task<Result<void>> purge();

private:
    async::Task<> round();
    // A bounded part of uses_; it is given up when it cannot be stored.
    async::Task<Result<void>> store_some_uses();

    CredentialStore& credentials_;
    SessionStore& sessions_;
    ApiKeyStore& api_keys_;
    AccessCache& cache_;
    const Clock& clock_;
    IdentityEpoch known_{-1, -1};
    std::vector<LastUse> uses_;  // taken from the cache and not stored yet
    Timestamp flushed_;
    Timestamp purged_;
};

}  // namespace zs::identity
