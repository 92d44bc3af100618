#pragma once

#include "async/task.hpp"
#include "core/identity/audit.hpp"
#include "core/identity/environment.hpp"
#include "core/identity/organization.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::identity {

struct OrganizationQuery {
    std::optional<std::string> only;  // one org, or all of them
    int limit = 100;
    std::int64_t offset = 0;
};

struct OrganizationList {
    std::vector<Organization> items;
    std::int64_t total = 0;
};

// Where orgs live. Each method is one transaction; the writing ones append their audit entry in it.
// Threading: call from any io thread. Durability: success survives power loss.
// Errors: any method may answer Unavailable; the rest is listed below.
class OrganizationStore {
public:
    virtual ~OrganizationStore() = default;
    // Makes the org and its environments unless they exist.
    virtual async::Task<Result<void>> ensure(std::string org_id) = 0;
    // Newest first, ties by id.
    virtual async::Task<Result<OrganizationList>> list(OrganizationQuery query) = 0;
    virtual async::Task<Result<Organization>> find(std::string id) = 0;  // Errors: NotFound
    // Makes the environments too. Errors: Conflict "slug_exists".
    virtual async::Task<Result<Organization>> add(Organization organization, AuditEntry audit) = 0;
    virtual async::Task<Result<Organization>> update(std::string id, OrganizationPatch patch,
                                                     AuditEntry audit) = 0;
    // Errors: NotFound; Conflict "organization_not_empty" while it has users.
    virtual async::Task<Result<void>> remove(std::string id, AuditEntry audit) = 0;
};

class EnvironmentStore {
public:
    virtual ~EnvironmentStore() = default;
    // The default one first.
    virtual async::Task<Result<std::vector<Environment>>> list(std::string org_id) = 0;
};

}  // namespace zs::identity
