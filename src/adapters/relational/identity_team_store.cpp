#include "adapters/relational/identity_organization_store.hpp"
#include "adapters/relational/identity_sql.hpp"

namespace zs::relational {

using namespace identity_sql;
using identity::AuditEntry;
using identity::MemberRole;
using identity::Team;
using identity::TeamId;
using identity::TeamList;
using identity::TeamMember;
using identity::TeamPatch;
using identity::TeamQuery;
using identity::TeamRole;
using identity::UserId;

namespace {
constexpr std::string_view kColumns = "id, org_id, name, description, created_at, updated_at";

Team team_of(const Row& row) {
    Team team;
    team.id = row.id<TeamId>(0);
    team.organization_id = row.text(1);
    team.name = row.text(2);
    team.description = row.maybe_text(3);
    team.created_at = row.time(4);
    team.updated_at = row.time(5);
    return team;
}

Result<Team> find_team(Session& session, const std::string& org_id, TeamId id) {
    auto rows = session.query_with(
        "select " + std::string(kColumns) + " from teams where org_id = ? and id = ?", org_id, id);
    if (!rows) return rows.error();
    if (rows->empty()) return not_found("there is no team " + id.to_string());
    return team_of(rows->front());
}

TeamMember member_of(const Row& row) {
    TeamMember member;
    member.user_id = row.id<UserId>(0);
    const auto role = parse_text(std::type_identity<TeamRole>{}, row.text(1));
    member.role = role ? *role : TeamRole::Viewer;
    member.email = row.text(2);
    member.name = row.maybe_text(3);
    member.created_at = row.time(4);
    return member;
}

Result<std::vector<TeamMember>> members_of(Session& session, TeamId id) {
    auto rows = session.query_with(
        "select m.user_id, m.role, u.email, u.name, m.created_at from team_members m"
        " join users u on u.id = m.user_id where m.team_id = ? order by m.created_at, m.user_id",
        id);
    if (!rows) return rows.error();
    std::vector<TeamMember> members;
    for (const auto& row : *rows)
        members.push_back(member_of(row));
    return members;
}

Result<bool> has_owner(Session& session, TeamId id) {
    auto rows = session.query_with(
        "select 1 from team_members where team_id = ? and role = 'owner' limit 1", id);
    if (!rows) return rows.error();
    return !rows->empty();
}

// Runs `change` and refuses it when the team loses its last owner by it.
template <class Change>
Result<void> keep_an_owner(Session& session, TeamId id, Change change) {
    const auto before = has_owner(session, id);
    if (!before) return before.error();
    if (auto done = change(); !done) return done;
    const auto after = has_owner(session, id);
    if (!after) return after.error();
    if (*before && !*after) return conflict("a team keeps at least one owner", "last_owner");
    return {};
}

Result<void> put_row(Session& session, TeamId id, const MemberRole& member, Timestamp now) {
    auto changed = session.execute_with(
        "update team_members set role = ?, updated_at = ? where team_id = ? and user_id = ?",
        to_text(member.role), now, id, member.user_id);
    if (!changed) return changed.error();
    if (*changed > 0) return {};
    auto added = session.execute_with(
        "insert into team_members (team_id, user_id, role, created_at, updated_at)"
        " values (?, ?, ?, ?, ?)",
        id, member.user_id, to_text(member.role), now, now);
    if (!added) return added.error();
    return {};
}

Result<void> insert_team(Session& session, const Team& team) {
    auto added = session.execute_with(
        "insert into teams (" + std::string(kColumns) + ") values (?, ?, ?, ?, ?, ?)", team.id,
        team.organization_id, team.name, team.description, team.created_at, team.updated_at);
    if (!added) return added.error();
    return {};
}

// The records of a team speak about nobody once it is gone.
Result<void> erase_team(Session& session, const std::string& org_id, TeamId id) {
    auto records = session.execute_with(
        "delete from permissions where org_id = ? and ((principal_kind = 'team' and"
        " principal_id = ?) or (principal_kind = 'team_role' and principal_id like ?))",
        org_id, id, id.to_string() + "/%");
    if (!records) return records.error();
    auto erased = session.execute_with("delete from teams where id = ?", id);
    if (!erased) return erased.error();
    return {};
}

Result<void> finish(Session& session, const AuditEntry& audit, Timestamp now) {
    if (auto bumped = bump_rights(session); !bumped) return bumped;
    return append_audit(session, audit, now);
}
}  // namespace

async::Task<Result<TeamList>> SqlTeamStore::list(TeamQuery query) {
    auto work = [query = std::move(query)](Session& session) -> Result<TeamList> {
        auto total =
            session.query_with("select count(*) from teams where org_id = ?", query.org_id);
        if (!total) return total.error();
        auto rows = session.query_with("select " + std::string(kColumns) +
                                           " from teams where org_id = ?"
                                           " order by created_at desc, id desc limit ? offset ?",
                                       query.org_id, query.limit, query.offset);
        if (!rows) return rows.error();
        TeamList list;
        list.total = total->front().integer(0);
        for (const auto& row : *rows)
            list.items.push_back(team_of(row));
        return list;
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<Team>> SqlTeamStore::find(std::string org_id, TeamId id) {
    auto work = [org_id = std::move(org_id), id](Session& session) {
        return find_team(session, org_id, id);
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<Team>> SqlTeamStore::add(Team team, std::optional<UserId> owner,
                                            AuditEntry audit) {
    auto work = [team = std::move(team), owner,
                 audit = std::move(audit)](Session& session) -> Result<Team> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        if (auto added = insert_team(session, team); !added) return added.error();
        if (owner) {
            MemberRole member;
            member.user_id = *owner;
            member.role = TeamRole::Owner;
            auto added = put_row(session, team.id, member, team.created_at);
            if (!added) return added.error();
        }
        auto finished = finish(session, audit, team.created_at);
        if (!finished) return finished.error();
        return team;
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<Team>> SqlTeamStore::update(std::string org_id, TeamId id, TeamPatch patch,
                                               AuditEntry audit) {
    auto work = [org_id = std::move(org_id), id, patch = std::move(patch), audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<Team> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        auto team = find_team(session, org_id, id);
        if (!team) return team;
        if (patch.name) team->name = *patch.name;
        if (patch.description) team->description = *patch.description;
        team->updated_at = clock->now();
        auto stored = session.execute_with(
            "update teams set name = ?, description = ?, updated_at = ? where id = ?", team->name,
            team->description, team->updated_at, id);
        if (!stored) return stored.error();
        auto logged = append_audit(session, audit, clock->now());
        if (!logged) return logged.error();
        return team;
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlTeamStore::remove(std::string org_id, TeamId id, AuditEntry audit) {
    auto work = [org_id = std::move(org_id), id, audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<void> {
        if (auto begun = begin_change(session); !begun) return begun;
        auto team = find_team(session, org_id, id);
        if (!team) return team.error();
        const auto erase = [&] { return erase_team(session, org_id, id); };
        if (auto erased = keep_a_keeper(session, org_id, erase); !erased) return erased;
        return finish(session, audit, clock->now());
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::vector<TeamMember>>> SqlTeamStore::members(std::string org_id, TeamId id) {
    auto work = [org_id = std::move(org_id),
                 id](Session& session) -> Result<std::vector<TeamMember>> {
        auto team = find_team(session, org_id, id);
        if (!team) return team.error();
        return members_of(session, id);
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<TeamMember>> SqlTeamStore::put_member(std::string org_id, TeamId id,
                                                         MemberRole member, AuditEntry audit) {
    auto work = [org_id = std::move(org_id), id, member, audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<TeamMember> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        auto team = find_team(session, org_id, id);
        if (!team) return team.error();
        auto user = find_user(session, org_id, member.user_id);
        if (!user) return user.error();
        const auto put = [&] { return put_row(session, id, member, clock->now()); };
        const auto checked = [&] { return keep_an_owner(session, id, put); };
        if (auto done = keep_a_keeper(session, org_id, checked); !done) return done.error();
        auto finished = finish(session, audit, clock->now());
        if (!finished) return finished.error();
        auto members = members_of(session, id);
        if (!members) return members.error();
        for (const auto& row : *members) {
            if (row.user_id == member.user_id) return row;
        }
        return internal_error("a member that was added is not there");
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlTeamStore::remove_member(std::string org_id, TeamId id, UserId user_id,
                                                      AuditEntry audit) {
    auto work = [org_id = std::move(org_id), id, user_id, audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<void> {
        if (auto begun = begin_change(session); !begun) return begun;
        auto team = find_team(session, org_id, id);
        if (!team) return team.error();
        const auto erase = [&]() -> Result<void> {
            auto erased = session.execute_with(
                "delete from team_members where team_id = ? and user_id = ?", id, user_id);
            if (!erased) return erased.error();
            if (*erased == 0) return not_found("the user is not in the team");
            return {};
        };
        const auto checked = [&] { return keep_an_owner(session, id, erase); };
        if (auto done = keep_a_keeper(session, org_id, checked); !done) return done;
        return finish(session, audit, clock->now());
    };
    co_return co_await database_.write(std::move(work));
}

}  // namespace zs::relational
