#pragma once

#include "async/task.hpp"
#include "core/identity/access_cache.hpp"
#include "core/identity/client.hpp"
#include "core/identity/page.hpp"
#include "core/identity/permission_store.hpp"

#include <functional>

namespace zs::identity {

// What happened to one record, after it is committed.
struct PermissionChange {
    enum class Kind { Created, Updated, Deleted };
    Kind kind = Kind::Created;
    PermissionRecord record;  // of a deleted one: as it was
};

// Permission records. Source: http-api.md section 3. Threading: any.
// Errors: Forbidden when the caller lacks the right on permissions, "grant_exceeds_own" for
// granting or taking away what the caller does not hold; Conflict "last_admin". Another org's
// record is NotFound.
class PermissionService {
public:
    PermissionService(PermissionStore& store, AccessCache& cache, const Clock& clock)
        : store_(store), cache_(cache), clock_(clock) {}

    // Called on the thread of the change; quick. Register before the first request.
    void on_changed(std::function<void(const PermissionChange&)> callback) {
        changed_ = std::move(callback);
    }

    async::Task<Result<Page<PermissionView>>> list(PrincipalPtr caller, PermissionFilter filter,
                                                   PageRequest page);
    async::Task<Result<PermissionView>> find(PrincipalPtr caller, PermissionId id);
    // Errors: Conflict "permission_exists".
    async::Task<Result<PermissionView>> create(PrincipalPtr caller, PermissionRequest request,
                                               Client client);
    async::Task<Result<PermissionView>> upsert(PrincipalPtr caller, PermissionRequest request,
                                               Client client);
    // Errors: InvalidArgument when principal or resource are sent and differ.
    async::Task<Result<PermissionView>> update(PrincipalPtr caller, PermissionId id,
                                               PermissionPatch patch, Client client);
    async::Task<Result<void>> remove(PrincipalPtr caller, PermissionId id, Client client);
    EffectiveRights effective(const Principal& caller) const {
        return effective_of(*caller.rights);
    }

private:
    // What the principal of `record` holds on its resource, with that record or without it.
    async::Task<Result<RightSet>> held(PermissionRecord record, bool with_it);
    async::Task<Result<void>> check_record(PrincipalPtr caller, PermissionRecord record);
    async::Task<Result<PermissionRecord>> put(PrincipalPtr caller, PermissionRecord record,
                                              AuditEntry audit);

    void tell(PermissionChange::Kind kind, const PermissionRecord& record);

    PermissionStore& store_;
    AccessCache& cache_;
    const Clock& clock_;
    std::function<void(const PermissionChange&)> changed_;
};

// Errors: Forbidden "grant_exceeds_own" naming what is missing.
Result<void> check_grant(const Principal& caller, const ResourceRef& resource, RightSet allow);
Result<void> check_grant(const Principal& caller, const Rights& granted);
Result<void> require(const Principal& caller, Resource resource, Right right);

}  // namespace zs::identity
