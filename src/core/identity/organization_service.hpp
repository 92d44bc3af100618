#pragma once

#include "async/task.hpp"
#include "core/identity/access_cache.hpp"
#include "core/identity/client.hpp"
#include "core/identity/identity_config.hpp"
#include "core/identity/organization_store.hpp"
#include "core/identity/principal.hpp"

#include <string>
#include <vector>

namespace zs::identity {

// Orgs. Administrators of the default org see all, others their own. Source: workflows.md 5.4.
// Threading: any. Errors: Forbidden without role admin; an org that the caller cannot see is
// NotFound.
class OrganizationService {
public:
    OrganizationService(OrganizationStore& store, AccessCache& cache, const Clock& clock,
                        const IdentityConfig& config)
        : store_(store), cache_(cache), clock_(clock), config_(config) {}

    async::Task<Result<OrganizationList>> list(PrincipalPtr caller, int limit, std::int64_t offset);
    async::Task<Result<Organization>> find(PrincipalPtr caller, std::string id);
    // Administrators of the default org only. Errors: Conflict "slug_exists".
    async::Task<Result<Organization>> create(PrincipalPtr caller, OrganizationRequest request,
                                             Client client);
    async::Task<Result<Organization>> update(PrincipalPtr caller, std::string id,
                                             OrganizationPatch patch, Client client);
    // Errors: Conflict for the default org, and "organization_not_empty" while it has users.
    async::Task<Result<void>> remove(PrincipalPtr caller, std::string id, Client client);

private:
    bool sees_all(const Principal& caller) const;
    Result<void> check_visible(const Principal& caller, const std::string& id) const;

    OrganizationStore& store_;
    AccessCache& cache_;
    const Clock& clock_;
    const IdentityConfig& config_;
};

// Errors: InvalidArgument naming limit or offset.
Result<void> check_window(int limit, std::int64_t offset);

}  // namespace zs::identity
