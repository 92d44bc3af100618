#pragma once

#include "async/task.hpp"
#include "core/identity/api_key.hpp"
#include "core/identity/environment.hpp"
#include "core/identity/permission.hpp"
#include "core/identity/session.hpp"
#include "core/identity/user.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zs::identity {

// Everything a request's rights follow from, read in one snapshot.
struct AccessFacts {
    User user;
    std::vector<Environment> environments;  // of the user's org
    std::vector<PermissionRecord> records;  // those of the user's principals
};

struct SessionFacts {
    Session session;
    AccessFacts access;
};

struct ApiKeyFacts {
    ApiKey key;
    AccessFacts access;
};

// Two counters that every process watches: `rights` grows with each change of users, permissions,
// teams and keys, `sessions` with each session that ends.
struct IdentityEpoch {
    std::int64_t rights = 0;
    std::int64_t sessions = 0;
};

struct IdentityChanges {
    IdentityEpoch epoch;
    std::vector<SessionId> ended;  // since the epoch that was known
};

// Reads for the authenticator. Absent is nullopt, never an error.
// Threading: call from any io thread; no method blocks the caller. Errors: Unavailable.
class CredentialStore {
public:
    virtual ~CredentialStore() = default;
    virtual async::Task<Result<std::optional<SessionFacts>>> find_session(SessionId id) = 0;
    // By the current hash or the previous one; the caller checks expiry and revocation.
    virtual async::Task<Result<std::optional<ApiKeyFacts>>> find_api_key(std::string key_hash) = 0;
    // A negative epoch asks for the counters alone.
    virtual async::Task<Result<IdentityChanges>> changes_since(IdentityEpoch known) = 0;
};

}  // namespace zs::identity
