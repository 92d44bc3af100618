#include "adapters/relational/identity_sql.hpp"

#include <algorithm>
#include <map>

// "Somebody must stay who may change permissions", asked of the rows of one org.
namespace zs::relational::identity_sql {
namespace {
using identity::PermissionRecord;
using identity::User;
using identity::UserId;
using Teams = std::map<UserId, std::vector<identity::TeamMembership>>;

constexpr std::int64_t kBatch = 200;

Result<Teams> teams_of_org(Session& session, const std::string& org_id) {
    auto rows = session.query_with(
        "select m.user_id, m.team_id, m.role from team_members m join teams t on t.id = m.team_id"
        " where t.org_id = ?",
        org_id);
    if (!rows) return rows.error();
    Teams teams;
    for (const auto& row : *rows) {
        identity::TeamMembership membership;
        membership.team_id = row.id<identity::TeamId>(1);
        const auto role = parse_text(std::type_identity<identity::TeamRole>{}, row.text(2));
        membership.role = role ? *role : identity::TeamRole::Viewer;
        teams[row.id<UserId>(0)].push_back(membership);
    }
    return teams;
}

Result<Rows> active_users(Session& session, const std::string& org_id, std::int64_t offset) {
    // Administrators first: usually the first one answers the question.
    return session.query_with("select " + std::string(kUserColumns) + std::string(kUserTables) +
                                  " where u.org_id = ? and u.status = 'active'"
                                  " order by case when u.roles like '%\"admin\"%' then 0"
                                  " else 1 end, u.id limit ? offset ?",
                              org_id, kBatch, offset);
}

Result<std::vector<PermissionRecord>> permission_records(Session& session,
                                                         const std::string& org_id) {
    auto rows = session.query_with("select " + std::string(kPermissionColumns) +
                                       " from permissions where org_id = ?"
                                       " and resource = 'permissions'",
                                   org_id);
    return permissions_of(rows);
}
}  // namespace

Result<bool> has_keeper(Session& session, const std::string& org_id) {
    const auto records = permission_records(session, org_id);
    if (!records) return records.error();
    const auto teams = teams_of_org(session, org_id);
    if (!teams) return teams.error();
    for (std::int64_t offset = 0;; offset += kBatch) {
        const auto rows = active_users(session, org_id, offset);
        if (!rows) return rows.error();
        for (const auto& row : *rows) {
            User user = user_of(row);
            const auto own = teams->find(user.id);
            if (own != teams->end()) user.teams = own->second;
            const auto rights = resolve_rights(principals_of(user), *records);
            if (rights.allows(identity::Resource::Permissions, identity::Right::Update))
                return true;
        }
        if (rows->size() < static_cast<std::size_t>(kBatch)) return false;
    }
}

}  // namespace zs::relational::identity_sql
