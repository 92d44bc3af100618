#pragma once

#include "async/task.hpp"
#include "core/identity/audit.hpp"
#include "core/identity/team.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::identity {

struct TeamQuery {
    std::string org_id;
    int limit = 100;
    std::int64_t offset = 0;
};

struct MemberRole {
    UserId user_id;
    TeamRole role = TeamRole::Member;
};

struct TeamList {
    std::vector<Team> items;
    std::int64_t total = 0;
};

// Where teams live. A team or user of another org is NotFound. Each method is one transaction; the
// writing ones append their audit entry in it.
// Threading: call from any io thread. Durability: success survives power loss.
// Errors: any method may answer Unavailable; the rest is listed below.
class TeamStore {
public:
    virtual ~TeamStore() = default;
    virtual async::Task<Result<TeamList>> list(TeamQuery query) = 0;  // newest first, ties by id
    virtual async::Task<Result<Team>> find(std::string org_id, TeamId id) = 0;
    virtual async::Task<Result<Team>> add(Team team, std::optional<UserId> owner,
                                          AuditEntry audit) = 0;
    virtual async::Task<Result<Team>> update(std::string org_id, TeamId id, TeamPatch patch,
                                             AuditEntry audit) = 0;
    // Errors: Conflict "last_admin".
    virtual async::Task<Result<void>> remove(std::string org_id, TeamId id, AuditEntry audit) = 0;
    virtual async::Task<Result<std::vector<TeamMember>>> members(std::string org_id, TeamId id) = 0;
    // Adds the user or changes the role. Errors: Conflict "last_owner", "last_admin".
    virtual async::Task<Result<TeamMember>> put_member(std::string org_id, TeamId id,
                                                       MemberRole member, AuditEntry audit) = 0;
    virtual async::Task<Result<void>> remove_member(std::string org_id, TeamId id, UserId user_id,
                                                    AuditEntry audit) = 0;
};

}  // namespace zs::identity
