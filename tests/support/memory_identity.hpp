#pragma once

#include "core/identity/identity.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace zs::testing {

// Everything the identity stores hold, in memory. One double implements all ports, since most
// changes touch several of them and their audit row.
// Threading: one at a time.
class MemoryIdentity final : public identity::UserStore,
                             public identity::SessionStore,
                             public identity::CredentialStore,
                             public identity::ApiKeyStore,
                             public identity::PermissionStore,
                             public identity::TeamStore {
public:
    explicit MemoryIdentity(const Clock& clock)
        : organizations(*this), environments(*this), audit(*this), clock_(clock) {}

    // Every call answers this until it is reset.
    std::optional<Error> failure;

    // UserStore
    async::Task<Result<identity::User>> sign_up(identity::NewUser user, identity::SignupMode mode,
                                                identity::AuditEntry entry) override;
    async::Task<Result<identity::User>> add(identity::NewUser user,
                                            identity::AuditEntry entry) override;
    async::Task<Result<identity::User>> find(std::string org_id, identity::UserId id) override;
    async::Task<Result<std::optional<identity::User>>> find_by_email(std::string email) override;
    async::Task<Result<std::vector<identity::User>>> list(std::string org_id,
                                                          identity::UserFilter filter,
                                                          std::optional<identity::UserId> after,
                                                          int limit) override;
    async::Task<Result<identity::UserChange>> update(std::string org_id, identity::UserId id,
                                                     identity::UserPatch patch,
                                                     identity::AuditEntry entry) override;
    async::Task<Result<identity::UserChange>> set_password(identity::PasswordChange change,
                                                           identity::AuditEntry entry) override;

    // SessionStore
    async::Task<Result<std::vector<identity::SessionId>>> create(
        identity::NewSession session, identity::AuditEntry entry) override;
    async::Task<Result<identity::RotationResult>> rotate(identity::Rotation rotation,
                                                         identity::AuditEntry entry) override;
    async::Task<Result<std::vector<identity::Session>>> list(identity::UserId user_id,
                                                             Timestamp now) override;
    async::Task<Result<std::vector<identity::SessionId>>> end(identity::SessionEnd which,
                                                              identity::AuditEntry entry) override;
    async::Task<Result<void>> touch(std::vector<identity::SessionTouch> touches) override;
    async::Task<Result<std::int64_t>> purge(Timestamp before) override;

    // CredentialStore
    async::Task<Result<std::optional<identity::SessionFacts>>> find_session(
        identity::SessionId id) override;
    async::Task<Result<std::optional<identity::ApiKeyFacts>>> find_api_key(
        std::string key_hash) override;
    async::Task<Result<identity::IdentityChanges>> changes_since(
        identity::IdentityEpoch known) override;

    // ApiKeyStore
    async::Task<Result<void>> add(identity::ApiKey key, std::size_t max,
                                  identity::AuditEntry entry) override;
    async::Task<Result<identity::ApiKey>> find(std::string org_id, identity::ApiKeyId id) override;
    async::Task<Result<std::vector<identity::ApiKey>>> list(identity::UserId user_id) override;
    async::Task<Result<identity::ApiKey>> update(std::string org_id, identity::ApiKeyId id,
                                                 identity::ApiKeyPatch patch,
                                                 identity::AuditEntry entry) override;
    async::Task<Result<void>> revoke(std::string org_id, identity::ApiKeyId id,
                                     identity::AuditEntry entry) override;
    async::Task<Result<identity::ApiKey>> rotate(identity::KeyRotation rotation,
                                                 identity::AuditEntry entry) override;
    async::Task<Result<void>> touch(std::vector<identity::KeyTouch> touches) override;

    // PermissionStore
    async::Task<Result<std::vector<identity::PermissionRecord>>> list(
        std::string org_id, identity::PermissionFilter filter, std::optional<std::string> after,
        int limit) override;
    async::Task<Result<identity::PermissionRecord>> find(std::string org_id,
                                                         identity::PermissionId id) override;
    async::Task<Result<identity::PermissionRecord>> add(identity::PermissionRecord record,
                                                        identity::AuditEntry entry) override;
    async::Task<Result<identity::PermissionRecord>> put(identity::PermissionRecord record,
                                                        identity::AuditEntry entry) override;
    async::Task<Result<void>> remove(std::string org_id, identity::PermissionId id,
                                     identity::AuditEntry entry) override;
    async::Task<Result<std::vector<identity::PermissionRecord>>> of_principals(
        std::string org_id, std::vector<identity::PrincipalKey> principals) override;

    // TeamStore
    async::Task<Result<identity::TeamList>> list(identity::TeamQuery query) override;
    async::Task<Result<identity::Team>> find(std::string org_id, identity::TeamId id) override;
    async::Task<Result<identity::Team>> add(identity::Team team,
                                            std::optional<identity::UserId> owner,
                                            identity::AuditEntry entry) override;
    async::Task<Result<identity::Team>> update(std::string org_id, identity::TeamId id,
                                               identity::TeamPatch patch,
                                               identity::AuditEntry entry) override;
    async::Task<Result<void>> remove(std::string org_id, identity::TeamId id,
                                     identity::AuditEntry entry) override;
    async::Task<Result<std::vector<identity::TeamMember>>> members(std::string org_id,
                                                                   identity::TeamId id) override;
    async::Task<Result<identity::TeamMember>> put_member(std::string org_id, identity::TeamId id,
                                                         identity::MemberRole member,
                                                         identity::AuditEntry entry) override;
    async::Task<Result<void>> remove_member(std::string org_id, identity::TeamId id,
                                            identity::UserId user_id,
                                            identity::AuditEntry entry) override;

    struct Organizations final : identity::OrganizationStore {
        explicit Organizations(MemoryIdentity& h) : home(h) {}
        async::Task<Result<void>> ensure(std::string org_id) override;
        async::Task<Result<identity::OrganizationList>> list(
            identity::OrganizationQuery query) override;
        async::Task<Result<identity::Organization>> find(std::string id) override;
        async::Task<Result<identity::Organization>> add(identity::Organization organization,
                                                        identity::AuditEntry entry) override;
        async::Task<Result<identity::Organization>> update(std::string id,
                                                           identity::OrganizationPatch patch,
                                                           identity::AuditEntry entry) override;
        async::Task<Result<void>> remove(std::string id, identity::AuditEntry entry) override;
        MemoryIdentity& home;
    } organizations;

    struct Environments final : identity::EnvironmentStore {
        explicit Environments(MemoryIdentity& h) : home(h) {}
        async::Task<Result<std::vector<identity::Environment>>> list(std::string org_id) override;
        MemoryIdentity& home;
    } environments;

    struct Audit final : identity::AuditStore {
        explicit Audit(MemoryIdentity& h) : home(h) {}
        async::Task<Result<void>> append(identity::AuditEntry entry) override;
        async::Task<Result<std::vector<identity::AuditRecord>>> list(
            std::string org_id, identity::AuditFilter filter, std::optional<std::int64_t> before,
            int limit) override;
        async::Task<Result<std::vector<identity::AuditRecord>>> read_chain(std::int64_t after,
                                                                           int limit) override;
        MemoryIdentity& home;
    } audit;

    std::vector<identity::AuditRecord> audit_rows;

private:
    struct State {
        std::map<std::string, identity::Organization> orgs;
        std::vector<identity::Environment> envs;
        std::map<identity::UserId, identity::User> users;
        std::map<identity::SessionId, identity::Session> sessions;
        std::map<identity::SessionId, std::int64_t> ended_epoch;
        std::map<std::string, identity::RefreshToken> tokens;
        std::map<identity::ApiKeyId, identity::ApiKey> keys;
        std::map<identity::PermissionId, identity::PermissionRecord> records;
        std::map<identity::TeamId, identity::Team> teams;
        std::map<std::pair<identity::TeamId, identity::UserId>, identity::TeamMember> members;
        identity::IdentityEpoch epoch;
    };
    void log(identity::AuditEntry entry);
    void ensure_org(const std::string& org_id);
    Result<identity::User> user_in(const std::string& org_id, identity::UserId id) const;
    Result<identity::User> insert_user(const identity::NewUser& user);
    identity::AccessFacts facts_of(const identity::User& user) const;
    std::vector<identity::SessionId> live(identity::UserId user_id) const;
    void end_all(const std::vector<identity::SessionId>& ids);
    bool has_keeper(const std::string& org_id) const;
    bool has_owner(identity::TeamId id) const;
    Result<identity::ApiKey> live_key(const std::string& org_id, identity::ApiKeyId id) const;
    Result<identity::Team> team_in(const std::string& org_id, identity::TeamId id) const;
    // Undoes `change` when it fails or leaves `org_id` without a keeper.
    template <class Change>
    Result<void> change_rights(const std::string& org_id, identity::AuditEntry entry,
                               Change change);

    const Clock& clock_;
    State state_;
};

// "hashes" by putting a word in front; never slow, never wrong.
class PlainPasswordHasher final : public identity::PasswordHasher {
public:
    async::Task<Result<std::string>> hash(Secret password) override;
    async::Task<Result<identity::PasswordVerdict>> verify(std::string hash,
                                                          Secret password) override;
    std::string dummy_hash() const override { return "dummy"; }

    std::optional<Error> failure;
    std::string prefix = "plain:";  // change it, and older hashes need a rehash
    int verified = 0;
    std::vector<std::string> verified_hashes;
};

// Leaves text as it is.
class PlainNormalizer final : public identity::TextNormalizer {
public:
    Result<std::string> nfkc(std::string_view text) const override;
};

}  // namespace zs::testing
