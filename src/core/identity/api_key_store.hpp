#pragma once

#include "async/task.hpp"
#include "core/identity/api_key.hpp"
#include "core/identity/audit.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace zs::identity {

struct KeyRotation {
    std::string org_id;
    ApiKeyId id;
    std::string new_hash;
    std::string new_prefix;
    Timestamp now;
    Timestamp old_expires_at;
};

struct KeyTouch {
    ApiKeyId id;
    Timestamp at;
};

// Where API keys live, as hashes. A key of another org is NotFound. Each method is one transaction;
// the writing ones append their audit entry in it.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss; touch() may be lost.
// Errors:     any method may answer Unavailable; the rest is listed below.
class ApiKeyStore {
public:
    virtual ~ApiKeyStore() = default;
    // Errors: Exhausted "key_limit" when the user has `max` live keys.
    virtual async::Task<Result<void>> add(ApiKey key, std::size_t max, AuditEntry audit) = 0;
    virtual async::Task<Result<ApiKey>> find(std::string org_id, ApiKeyId id) = 0;
    // Revoked ones too, newest first.
    virtual async::Task<Result<std::vector<ApiKey>>> list(UserId user_id) = 0;
    // Errors: NotFound; Gone when revoked. The same for revoke and rotate.
    virtual async::Task<Result<ApiKey>> update(std::string org_id, ApiKeyId id, ApiKeyPatch patch,
                                               AuditEntry audit) = 0;
    virtual async::Task<Result<void>> revoke(std::string org_id, ApiKeyId id, AuditEntry audit) = 0;
    virtual async::Task<Result<ApiKey>> rotate(KeyRotation rotation, AuditEntry audit) = 0;
    virtual async::Task<Result<void>> touch(std::vector<KeyTouch> touches) = 0;
};

}  // namespace zs::identity
