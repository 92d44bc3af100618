#include "core/identity/team_service.hpp"

#include "base/encoding.hpp"
#include "core/identity/limits.hpp"
#include "core/identity/organization_service.hpp"
#include "core/identity/permission_service.hpp"

#include <algorithm>

namespace zs::identity {
namespace {
std::string team_object(TeamId id) {
    return "team/" + id.to_string();
}

Result<void> check_patch(const TeamPatch& patch) {
    if (patch.name) {
        const bool fits = !trim(*patch.name).empty() && patch.name->size() <= kNameBytesMax;
        if (!fits || !is_utf8(*patch.name)) {
            return invalid_field("name", "'name' must be UTF-8 of 1 to 255 bytes");
        }
    }
    const auto& description = patch.description;
    if (description && (description->size() > kDescriptionBytesMax || !is_utf8(*description))) {
        return invalid_field("description", "'description' must be UTF-8 of at most 4096 bytes");
    }
    return {};
}

const TeamMember* find_member(const std::vector<TeamMember>& members, UserId id) {
    const auto found = std::find_if(members.begin(), members.end(),
                                    [id](const auto& member) { return member.user_id == id; });
    return found == members.end() ? nullptr : &*found;
}

Error other_org() {
    return not_found("there is no such organization");
}
}  // namespace

async::Task<Result<TeamList>> TeamService::list(PrincipalPtr caller,
                                                std::optional<std::string> organization_id,
                                                int limit, std::int64_t offset) {
    if (auto window = check_window(limit, offset); !window) co_return window.error();
    TeamQuery query;
    query.org_id = caller->tenant.org_id;
    query.limit = limit;
    query.offset = offset;
    if (organization_id && *organization_id != query.org_id) co_return other_org();
    co_return co_await store_.list(std::move(query));
}

async::Task<Result<Team>> TeamService::find(PrincipalPtr caller, TeamId id) {
    co_return co_await store_.find(caller->tenant.org_id, id);
}

async::Task<Result<Team>> TeamService::create(PrincipalPtr caller, TeamRequest request,
                                              Client client) {
    if (auto admin = require_admin(*caller); !admin) co_return admin.error();
    auto allowed = require(*caller, Resource::Permissions, Right::Create);
    if (!allowed) co_return allowed.error();
    const std::string& org = caller->tenant.org_id;
    if (request.organization_id && *request.organization_id != org) co_return other_org();
    TeamPatch fields;
    fields.name = request.name;
    fields.description = request.description;
    if (auto checked = check_patch(fields); !checked) co_return checked.error();
    Team team;
    team.id = TeamId::next(clock_);
    team.organization_id = org;
    team.name = std::move(request.name);
    team.description = std::move(request.description);
    team.created_at = clock_.now();
    team.updated_at = team.created_at;
    std::optional<UserId> owner;
    if (caller->token_kind != TokenKind::Dev) {
        auto grant = co_await check_role_grant(caller, team.id, TeamRole::Owner);
        if (!grant) co_return grant.error();
        owner = caller->user_id;
    }
    auto audit = audit_by(*caller, client, "team.create", team_object(team.id));
    auto done = co_await store_.add(std::move(team), owner, std::move(audit));
    if (done) cache_.rights_changed();
    co_return done;
}

async::Task<Result<Team>> TeamService::update(PrincipalPtr caller, TeamId id, TeamPatch patch,
                                              Client client) {
    auto allowed = co_await require_manager(caller, id);
    if (!allowed) co_return allowed.error();
    if (auto checked = check_patch(patch); !checked) co_return checked.error();
    auto audit = audit_by(*caller, client, "team.update", team_object(id));
    co_return co_await store_.update(caller->tenant.org_id, id, std::move(patch), std::move(audit));
}

async::Task<Result<void>> TeamService::remove(PrincipalPtr caller, TeamId id, Client client) {
    auto allowed = co_await require_manager(caller, id);
    if (!allowed) co_return allowed.error();
    auto grant = co_await check_role_grant(caller, id, TeamRole::Owner);
    if (!grant) co_return grant.error();
    auto audit = audit_by(*caller, client, "team.delete", team_object(id));
    auto done = co_await store_.remove(caller->tenant.org_id, id, std::move(audit));
    if (done) cache_.rights_changed();
    co_return done;
}

async::Task<Result<std::vector<TeamMember>>> TeamService::members(PrincipalPtr caller, TeamId id) {
    co_return co_await store_.members(caller->tenant.org_id, id);
}

async::Task<Result<TeamMember>> TeamService::put_member(PrincipalPtr caller, TeamId id,
                                                        TeamMemberRequest request, Client client) {
    auto allowed = co_await require_manager(caller, id);
    if (!allowed) co_return allowed.error();
    MemberRole member;
    member.user_id = request.user_id;
    member.role = request.role.value_or(TeamRole::Member);
    auto grant = co_await check_role_grant(caller, id, member.role);
    if (!grant) co_return grant.error();
    auto outranks = co_await check_outranks(caller, id, member.user_id);
    if (!outranks) co_return outranks.error();
    auto audit = audit_by(*caller, client, "team.member.put", team_object(id));
    audit.details["user_id"] = json_text(member.user_id.to_string());
    audit.details["role"] = json_text(to_text(member.role));
    auto done = co_await store_.put_member(caller->tenant.org_id, id, member, std::move(audit));
    if (done) cache_.rights_changed();
    co_return done;
}

async::Task<Result<void>> TeamService::remove_member(PrincipalPtr caller, TeamId id, UserId user_id,
                                                     Client client) {
    auto team = co_await store_.find(caller->tenant.org_id, id);
    if (!team) co_return team.error();
    if (user_id != caller->user_id) {  // anybody may leave
        auto allowed = co_await require_manager(caller, id);
        if (!allowed) co_return allowed.error();
        auto outranks = co_await check_outranks(caller, id, user_id);
        if (!outranks) co_return outranks.error();
    }
    auto audit = audit_by(*caller, client, "team.member.delete", team_object(id));
    audit.details["user_id"] = json_text(user_id.to_string());
    auto done = co_await store_.remove_member(caller->tenant.org_id, id, user_id, std::move(audit));
    if (done) cache_.rights_changed();
    co_return done;
}

// NotFound for a team of another org; then role admin, or owner or admin of this team.
async::Task<Result<void>> TeamService::require_manager(PrincipalPtr caller, TeamId id) {
    auto members = co_await store_.members(caller->tenant.org_id, id);
    if (!members) co_return members.error();
    auto allowed = require(*caller, Resource::Permissions, Right::Update);
    if (!allowed || is_admin(*caller)) co_return allowed;
    const auto* own = find_member(*members, caller->user_id);
    const bool manages =
        own != nullptr && (own->role == TeamRole::Owner || own->role == TeamRole::Admin);
    if (!manages) co_return forbidden("only owners and admins of the team may change it");
    co_return Result<void>();
}

async::Task<Result<void>> TeamService::check_role_grant(PrincipalPtr caller, TeamId id,
                                                        TeamRole role) {
    const std::string team = id.to_string();
    std::vector<PrincipalKey> principals(2);
    principals[0].kind = PrincipalKind::Team;
    principals[0].id = team;
    principals[1].kind = PrincipalKind::TeamRole;
    principals[1].id = team + "/" + std::string(to_text(role));
    auto records = co_await permissions_.of_principals(caller->tenant.org_id, principals);
    if (!records) co_return records.error();
    co_return check_grant(*caller, resolve_rights(principals, *records));
}

// Who takes a role away must hold what it gives.
async::Task<Result<void>> TeamService::check_outranks(PrincipalPtr caller, TeamId id,
                                                      UserId user_id) {
    auto members = co_await store_.members(caller->tenant.org_id, id);
    if (!members) co_return members.error();
    const auto* member = find_member(*members, user_id);
    if (member == nullptr) co_return Result<void>();
    co_return co_await check_role_grant(std::move(caller), id, member->role);
}

}  // namespace zs::identity
