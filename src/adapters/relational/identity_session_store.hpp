#pragma once

#include "adapters/relational/database.hpp"
#include "core/identity/credential_store.hpp"
#include "core/identity/session_store.hpp"

namespace zs::relational {

class SqlSessionStore final : public identity::SessionStore {
public:
    SqlSessionStore(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

    async::Task<Result<std::vector<identity::SessionId>>> create(
        identity::NewSession session, identity::AuditEntry audit) override;
    async::Task<Result<identity::RotationResult>> rotate(identity::Rotation rotation,
                                                         identity::AuditEntry audit_reuse) override;
    async::Task<Result<std::vector<identity::Session>>> list(identity::UserId user_id,
                                                             Timestamp now) override;
    async::Task<Result<std::vector<identity::SessionId>>> end(identity::SessionEnd which,
                                                              identity::AuditEntry audit) override;
    async::Task<Result<void>> touch(std::vector<identity::SessionTouch> touches) override;
    async::Task<Result<std::int64_t>> purge(Timestamp before) override;

private:
    Database& database_;
    const Clock& clock_;
};

class SqlCredentialStore final : public identity::CredentialStore {
public:
    explicit SqlCredentialStore(Database& database) : database_(database) {}

    async::Task<Result<std::optional<identity::SessionFacts>>> find_session(
        identity::SessionId id) override;
    async::Task<Result<std::optional<identity::ApiKeyFacts>>> find_api_key(
        std::string key_hash) override;
    async::Task<Result<identity::IdentityChanges>> changes_since(
        identity::IdentityEpoch known) override;

private:
    Database& database_;
};

}  // namespace zs::relational
