#include "core/identity/permission.hpp"

#include <algorithm>
#include <set>

namespace zs::identity {
namespace {
constexpr RightSet kNone{};
constexpr RightSet kRead{Right::Read};
constexpr RightSet kCreateRead{Right::Create, Right::Read};
constexpr RightSet kReadUpdate{Right::Read, Right::Update};
constexpr RightSet kNoDelete{Right::Create, Right::Read, Right::Update};

// One line of the table of defaults: most resources, and the two that stand apart.
struct DefaultLine {
    RightSet most;
    RightSet files;
    RightSet permissions;
    RightSet jobs;
};
constexpr DefaultLine kAll{RightSet::all(), RightSet::all(), RightSet::all(), RightSet::all()};
constexpr DefaultLine kOperator{kNoDelete, kCreateRead, kReadUpdate, kNoDelete};
constexpr DefaultLine kTeamAdmin{kNoDelete, kNoDelete, kReadUpdate, kNoDelete};
constexpr DefaultLine kTeamMember{kNoDelete, kNoDelete, kNone, kRead};
constexpr DefaultLine kReader{kRead, kRead, kNone, kRead};
constexpr DefaultLine kOthers{kNone, kNone, kNone, kNone};

DefaultLine role_line(std::string_view role) {
    const std::string name = canonical_role(role);
    if (name == kRoleAdmin) return kAll;
    if (name == kRoleOperator) return kOperator;
    if (name == kRoleReader) return kReader;
    return kOthers;
}

DefaultLine team_role_line(std::string_view id) {
    const auto role = parse_text(std::type_identity<TeamRole>{}, id.substr(id.find('/') + 1));
    if (!role) return kOthers;
    switch (*role) {
        case TeamRole::Owner: return kAll;
        case TeamRole::Admin: return kTeamAdmin;
        case TeamRole::Member: return kTeamMember;
        case TeamRole::Viewer: return kReader;
    }
    return kOthers;
}

DefaultLine line_of(const PrincipalKey& principal) {
    switch (principal.kind) {
        case PrincipalKind::Role: return role_line(principal.id);
        case PrincipalKind::TeamRole: return team_role_line(principal.id);
        case PrincipalKind::Team: return kReader;
        case PrincipalKind::User:
        case PrincipalKind::Group:
        case PrincipalKind::Label: return kOthers;
    }
    return kOthers;
}

using RecordMap = std::map<std::pair<PrincipalKey, ResourceRef>, RightSet>;

RightSet rights_on(const RecordMap& records, const PrincipalKey& principal, Resource resource) {
    const auto found = records.find({principal, ResourceRef{resource, {}}});
    return found == records.end() ? default_rights(principal, resource) : found->second;
}

RightSet rights_on_table(const RecordMap& records, const PrincipalKey& principal,
                         const std::string& table) {
    const auto found = records.find({principal, ResourceRef{Resource::Tables, table}});
    return found == records.end() ? rights_on(records, principal, Resource::Tables) : found->second;
}
}  // namespace

RightSet default_rights(const PrincipalKey& principal, Resource resource) {
    const DefaultLine line = line_of(principal);
    switch (resource) {
        case Resource::Files: return line.files;
        case Resource::Permissions: return line.permissions;
        case Resource::Jobs: return line.jobs;
        case Resource::Collections:
        case Resource::Tables:
        case Resource::Indexes:
        case Resource::Workflows:
        case Resource::Documents:
        case Resource::Rooms: return line.most;
    }
    return kNone;
}

std::vector<PrincipalKey> principals_of(const User& user) {
    std::vector<PrincipalKey> out;
    out.push_back({PrincipalKind::User, user.id.to_string()});
    for (const auto& group : user.groups)
        out.push_back({PrincipalKind::Group, group});
    for (const auto& label : user.labels)
        out.push_back({PrincipalKind::Label, label});
    for (const auto& role : user.roles)
        out.push_back({PrincipalKind::Role, canonical_role(role)});
    for (const auto& team : user.teams) {
        const std::string id = team.team_id.to_string();
        out.push_back({PrincipalKind::Team, id});
        out.push_back({PrincipalKind::TeamRole, id + "/" + std::string(to_text(team.role))});
    }
    return out;
}

Rights resolve_rights(const std::vector<PrincipalKey>& principals,
                      const std::vector<PermissionRecord>& records) {
    RecordMap map;
    std::set<std::string> tables;
    for (const auto& record : records) {
        map.insert_or_assign({record.principal, record.resource}, record.allow);
        const bool ours =
            std::find(principals.begin(), principals.end(), record.principal) != principals.end();
        if (ours && !record.resource.table.empty()) tables.insert(record.resource.table);
    }
    Rights rights;
    for (std::size_t i = 0; i < kResourceCount; ++i) {
        const auto resource = static_cast<Resource>(i);
        RightSet set;
        for (const auto& principal : principals)
            set = set | rights_on(map, principal, resource);
        rights.set(resource, set);
    }
    for (const auto& table : tables) {
        RightSet set;
        for (const auto& principal : principals)
            set = set | rights_on_table(map, principal, table);
        rights.set_table(table, set);
    }
    return rights;
}

bool covers(const Rights& outer, const Rights& inner) {
    for (std::size_t i = 0; i < kResourceCount; ++i) {
        const auto resource = static_cast<Resource>(i);
        if (!outer.on(resource).covers(inner.on(resource))) return false;
    }
    const auto table_covered = [&](const auto& entry) {
        return outer.on_table(entry.first).covers(inner.on_table(entry.first));
    };
    return std::all_of(inner.tables().begin(), inner.tables().end(), table_covered)
           && std::all_of(outer.tables().begin(), outer.tables().end(), table_covered);
}

}  // namespace zs::identity
