#pragma once

#include "adapters/relational/database.hpp"
#include "core/identity/permission_store.hpp"

namespace zs::relational {

class SqlPermissionStore final : public identity::PermissionStore {
public:
    SqlPermissionStore(Database& database, const Clock& clock)
        : database_(database), clock_(clock) {}

    async::Task<Result<std::vector<identity::PermissionRecord>>> list(
        std::string org_id, identity::PermissionFilter filter, std::optional<std::string> after,
        int limit) override;
    async::Task<Result<identity::PermissionRecord>> find(std::string org_id,
                                                         identity::PermissionId id) override;
    async::Task<Result<identity::PermissionRecord>> add(identity::PermissionRecord record,
                                                        identity::AuditEntry audit) override;
    async::Task<Result<identity::PermissionRecord>> put(identity::PermissionRecord record,
                                                        identity::AuditEntry audit) override;
    async::Task<Result<void>> remove(std::string org_id, identity::PermissionId id,
                                     identity::AuditEntry audit) override;
    async::Task<Result<std::vector<identity::PermissionRecord>>> of_principals(
        std::string org_id, std::vector<identity::PrincipalKey> principals) override;

private:
    Database& database_;
    const Clock& clock_;
};

}  // namespace zs::relational
