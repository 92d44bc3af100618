#pragma once

#include "adapters/relational/database.hpp"
#include "core/identity/audit_store.hpp"
#include "core/identity/organization_store.hpp"
#include "core/identity/team_store.hpp"

namespace zs::relational {

class SqlOrganizationStore final : public identity::OrganizationStore {
public:
    SqlOrganizationStore(Database& database, const Clock& clock)
        : database_(database), clock_(clock) {}

    async::Task<Result<void>> ensure(std::string org_id) override;
    async::Task<Result<identity::OrganizationList>> list(
        identity::OrganizationQuery query) override;
    async::Task<Result<identity::Organization>> find(std::string id) override;
    async::Task<Result<identity::Organization>> add(identity::Organization organization,
                                                    identity::AuditEntry audit) override;
    async::Task<Result<identity::Organization>> update(std::string id,
                                                       identity::OrganizationPatch patch,
                                                       identity::AuditEntry audit) override;
    async::Task<Result<void>> remove(std::string id, identity::AuditEntry audit) override;

private:
    Database& database_;
    const Clock& clock_;
};

class SqlEnvironmentStore final : public identity::EnvironmentStore {
public:
    explicit SqlEnvironmentStore(Database& database) : database_(database) {}
    async::Task<Result<std::vector<identity::Environment>>> list(std::string org_id) override;

private:
    Database& database_;
};

class SqlTeamStore final : public identity::TeamStore {
public:
    SqlTeamStore(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

    async::Task<Result<identity::TeamList>> list(identity::TeamQuery query) override;
    async::Task<Result<identity::Team>> find(std::string org_id, identity::TeamId id) override;
    async::Task<Result<identity::Team>> add(identity::Team team,
                                            std::optional<identity::UserId> owner,
                                            identity::AuditEntry audit) override;
    async::Task<Result<identity::Team>> update(std::string org_id, identity::TeamId id,
                                               identity::TeamPatch patch,
                                               identity::AuditEntry audit) override;
    async::Task<Result<void>> remove(std::string org_id, identity::TeamId id,
                                     identity::AuditEntry audit) override;
    async::Task<Result<std::vector<identity::TeamMember>>> members(std::string org_id,
                                                                   identity::TeamId id) override;
    async::Task<Result<identity::TeamMember>> put_member(std::string org_id, identity::TeamId id,
                                                         identity::MemberRole member,
                                                         identity::AuditEntry audit) override;
    async::Task<Result<void>> remove_member(std::string org_id, identity::TeamId id,
                                            identity::UserId user_id,
                                            identity::AuditEntry audit) override;

private:
    Database& database_;
    const Clock& clock_;
};

class SqlAuditStore final : public identity::AuditStore {
public:
    SqlAuditStore(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

    async::Task<Result<void>> append(identity::AuditEntry entry) override;
    async::Task<Result<std::vector<identity::AuditRecord>>> list(std::string org_id,
                                                                 identity::AuditFilter filter,
                                                                 std::optional<std::int64_t> before,
                                                                 int limit) override;
    async::Task<Result<std::vector<identity::AuditRecord>>> read_chain(std::int64_t after,
                                                                       int limit) override;

private:
    Database& database_;
    const Clock& clock_;
};

}  // namespace zs::relational
