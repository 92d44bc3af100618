#pragma once

#include "adapters/relational/database.hpp"
#include "core/identity/api_key_store.hpp"

namespace zs::relational {

namespace identity_sql {
inline constexpr std::string_view kApiKeyColumns =
    "k.id, k.org_id, k.user_id, k.environment_id, e.slug, k.name, k.description, k.key_hash,"
    " k.key_prefix, k.scopes, k.ip_allow, k.created_at, k.last_used_at, k.expires_at, k.revoked_at,"
    " k.previous_key_hash, k.previous_expires_at";
inline constexpr std::size_t kApiKeyWidth = 17;
// Errors: DataLoss when scopes or addresses are unreadable: without them the key could do more.
Result<identity::ApiKey> api_key_of(const Row& row);
}  // namespace identity_sql

class SqlApiKeyStore final : public identity::ApiKeyStore {
public:
    SqlApiKeyStore(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

    async::Task<Result<void>> add(identity::ApiKey key, std::size_t max,
                                  identity::AuditEntry audit) override;
    async::Task<Result<identity::ApiKey>> find(std::string org_id, identity::ApiKeyId id) override;
    async::Task<Result<std::vector<identity::ApiKey>>> list(identity::UserId user_id) override;
    async::Task<Result<identity::ApiKey>> update(std::string org_id, identity::ApiKeyId id,
                                                 identity::ApiKeyPatch patch,
                                                 identity::AuditEntry audit) override;
    async::Task<Result<void>> revoke(std::string org_id, identity::ApiKeyId id,
                                     identity::AuditEntry audit) override;
    async::Task<Result<identity::ApiKey>> rotate(identity::KeyRotation rotation,
                                                 identity::AuditEntry audit) override;
    async::Task<Result<void>> touch(std::vector<identity::KeyTouch> touches) override;

private:
    Database& database_;
    const Clock& clock_;
};

}  // namespace zs::relational
