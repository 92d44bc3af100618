#pragma once

#include "async/task.hpp"
#include "core/identity/audit.hpp"
#include "core/identity/permission.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::identity {

// Where permission records live. A record of another org is NotFound. Each method is one
// transaction; the writing ones append their audit entry in it.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss.
// Errors:     any method may answer Unavailable; writing ones Conflict "last_admin"; the rest is
//             listed below.
class PermissionStore {
public:
    virtual ~PermissionStore() = default;
    // By principal kind, principal id, resource, behind `after`.
    virtual async::Task<Result<std::vector<PermissionRecord>>> list(
        std::string org_id, PermissionFilter filter, std::optional<std::string> after,
        int limit) = 0;
    virtual async::Task<Result<PermissionRecord>> find(std::string org_id, PermissionId id) = 0;
    // Errors: Conflict "permission_exists".
    virtual async::Task<Result<PermissionRecord>> add(PermissionRecord record,
                                                      AuditEntry audit) = 0;
    // Keeps the id of a record that exists.
    virtual async::Task<Result<PermissionRecord>> put(PermissionRecord record,
                                                      AuditEntry audit) = 0;
    virtual async::Task<Result<void>> remove(std::string org_id, PermissionId id,
                                             AuditEntry audit) = 0;
    virtual async::Task<Result<std::vector<PermissionRecord>>> of_principals(
        std::string org_id, std::vector<PrincipalKey> principals) = 0;
};

// The sort key of a record in list().
std::string sort_key(const PermissionRecord& record);

}  // namespace zs::identity
