#pragma once

#include "async/task.hpp"
#include "core/identity/access_cache.hpp"
#include "core/identity/client.hpp"
#include "core/identity/permission_store.hpp"
#include "core/identity/team_store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::identity {

// Teams of an org and who is in them. Every user of the org may look; role admin changes any team,
// a team's owners and admins their own. Source: workflows.md 5.4.
// Threading: any. Errors: Forbidden, "grant_exceeds_own"; another org's team or user is NotFound.
class TeamService {
public:
    TeamService(TeamStore& store, PermissionStore& permissions, AccessCache& cache,
                const Clock& clock)
        : store_(store), permissions_(permissions), cache_(cache), clock_(clock) {}

    // `organization_id`, when given, must be the caller's own.
    async::Task<Result<TeamList>> list(PrincipalPtr caller,
                                       std::optional<std::string> organization_id, int limit,
                                       std::int64_t offset);
    async::Task<Result<Team>> find(PrincipalPtr caller, TeamId id);
    // The creator becomes its owner. Errors: Forbidden without role admin.
    async::Task<Result<Team>> create(PrincipalPtr caller, TeamRequest request, Client client);
    async::Task<Result<Team>> update(PrincipalPtr caller, TeamId id, TeamPatch patch,
                                     Client client);
    async::Task<Result<void>> remove(PrincipalPtr caller, TeamId id, Client client);

    async::Task<Result<std::vector<TeamMember>>> members(PrincipalPtr caller, TeamId id);
    // Adds the user, or changes the role. Errors: Conflict "last_owner".
    async::Task<Result<TeamMember>> put_member(PrincipalPtr caller, TeamId id,
                                               TeamMemberRequest request, Client client);
    // Errors: NotFound; Conflict "last_owner".
    async::Task<Result<void>> remove_member(PrincipalPtr caller, TeamId id, UserId user_id,
                                            Client client);

private:
    async::Task<Result<void>> require_manager(PrincipalPtr caller, TeamId id);
    async::Task<Result<void>> check_outranks(PrincipalPtr caller, TeamId id, UserId user_id);
    async::Task<Result<void>> check_role_grant(PrincipalPtr caller, TeamId id, TeamRole role);

    TeamStore& store_;
    PermissionStore& permissions_;
    AccessCache& cache_;
    const Clock& clock_;
};

}  // namespace zs::identity
