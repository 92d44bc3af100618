#include "adapters/relational/identity_user_store.hpp"

#include "adapters/relational/identity_sql.hpp"

#include <algorithm>
#include <map>

namespace zs::relational {

using namespace identity_sql;
using identity::AuditEntry;
using identity::NewUser;
using identity::PasswordChange;
using identity::SignupMode;
using identity::User;
using identity::UserChange;
using identity::UserFilter;
using identity::UserId;
using identity::UserPatch;

namespace {
// Errors: Conflict when the e-mail is in use.
Result<User> insert_user(Session& session, const NewUser& user) {
    auto taken = session.query_with("select 1 from users where email = ?", user.email);
    if (!taken) return taken.error();
    if (!taken->empty()) return conflict("the e-mail address is in use");
    auto added = session.execute_with(
        "insert into users (id, org_id, email, name, password_hash, status, roles, labels,"
        " user_groups, created_at, updated_at)"
        " values (?, ?, ?, ?, ?, 'active', ?, '[]', '[]', ?, ?)",
        user.id, user.org_id, user.email, user.name, user.password_hash, to_json(user.roles),
        user.created_at, user.created_at);
    if (!added) return added.error();
    return find_user(session, user.org_id, user.id);
}

Result<std::vector<User>> read_page(Session& session, const std::string& org_id,
                                    const UserFilter& filter, std::optional<UserId> after,
                                    int limit) {
    std::string sql =
        "select " + std::string(kUserColumns) + std::string(kUserTables) + " where u.org_id = ?";
    std::vector<Value> params{org_id};
    if (filter.email) {
        sql += " and u.email = ?";
        params.emplace_back(*filter.email);
    }
    if (filter.status) {
        sql += " and u.status = ?";
        params.push_back(to_value(to_text(*filter.status)));
    }
    if (after) {
        sql += " and u.id > ?";
        params.push_back(to_value(*after));
    }
    params.push_back(to_value(limit));
    auto rows = session.query(sql + " order by u.id limit ?", params);
    if (!rows) return rows.error();
    std::vector<User> users;
    for (const auto& row : *rows)
        users.push_back(user_of(row));
    return users;
}

Result<void> add_teams_of_page(Session& session, const std::string& org_id,
                               std::vector<User>& users) {
    if (users.empty()) return {};
    auto rows = session.query_with(
        "select m.user_id, m.team_id, m.role from team_members m join teams t on t.id = m.team_id"
        " where t.org_id = ? and m.user_id >= ? and m.user_id <= ? order by m.team_id",
        org_id, users.front().id, users.back().id);
    if (!rows) return rows.error();
    std::map<UserId, User*> by_id;
    for (auto& user : users)
        by_id[user.id] = &user;
    for (const auto& row : *rows) {
        const auto found = by_id.find(row.id<UserId>(0));
        if (found == by_id.end()) continue;
        identity::TeamMembership membership;
        membership.team_id = row.id<identity::TeamId>(1);
        const auto role = parse_text(std::type_identity<identity::TeamRole>{}, row.text(2));
        membership.role = role ? *role : identity::TeamRole::Viewer;
        found->second->teams.push_back(membership);
    }
    return {};
}

Result<void> store_user(Session& session, const User& user) {
    auto stored = session.execute_with(
        "update users set name = ?, status = ?, roles = ?, labels = ?, user_groups = ?,"
        " updated_at = ? where id = ?",
        user.name, to_text(user.status), to_json(user.roles), to_json(user.labels),
        to_json(user.groups), user.updated_at, user.id);
    if (!stored) return stored.error();
    return {};
}
}  // namespace

async::Task<Result<User>> SqlUserStore::sign_up(NewUser user, SignupMode mode, AuditEntry audit) {
    auto work = [user = std::move(user), mode, audit = std::move(audit),
                 clock = &clock_](Session& session) mutable -> Result<User> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        auto anybody = session.query_with("select 1 from users limit 1");
        if (!anybody) return anybody.error();
        NewUser added = user;
        if (anybody->empty()) {
            added.roles.assign(1, std::string(identity::kRoleAdmin));
        } else if (mode == SignupMode::Closed) {
            return forbidden("sign-up is closed: ask an administrator for an account",
                             "signup_closed");
        }
        if (auto made = ensure_org(session, added.org_id, *clock); !made) return made.error();
        auto stored = insert_user(session, added);
        if (!stored) return stored;
        auto logged = append_audit(session, audit, clock->now());
        if (!logged) return logged.error();
        return stored;
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<User>> SqlUserStore::add(NewUser user, AuditEntry audit) {
    auto work = [user = std::move(user), audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<User> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        auto org = session.query_with("select 1 from organizations where id = ?", user.org_id);
        if (!org) return org.error();
        if (org->empty()) return not_found("there is no organization '" + user.org_id + "'");
        auto stored = insert_user(session, user);
        if (!stored) return stored;
        auto logged = append_audit(session, audit, clock->now());
        if (!logged) return logged.error();
        return stored;
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<User>> SqlUserStore::find(std::string org_id, UserId id) {
    auto work = [org_id = std::move(org_id), id](Session& session) {
        return find_user(session, org_id, id);
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::optional<User>>> SqlUserStore::find_by_email(std::string email) {
    auto work = [email = std::move(email)](Session& session) -> Result<std::optional<User>> {
        auto rows = session.query_with(
            "select " + std::string(kUserColumns) + std::string(kUserTables) + " where u.email = ?",
            email);
        if (!rows) return rows.error();
        if (rows->empty()) return std::optional<User>();
        User user = user_of(rows->front());
        if (auto teams = add_teams(session, user); !teams) return teams.error();
        return std::optional<User>(std::move(user));
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::vector<User>>> SqlUserStore::list(std::string org_id, UserFilter filter,
                                                          std::optional<UserId> after, int limit) {
    auto work = [org_id = std::move(org_id), filter = std::move(filter), after,
                 limit](Session& session) -> Result<std::vector<User>> {
        auto users = read_page(session, org_id, filter, after, limit);
        if (!users) return users;
        if (auto teams = add_teams_of_page(session, org_id, *users); !teams) return teams.error();
        return users;
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<UserChange>> SqlUserStore::update(std::string org_id, UserId id, UserPatch patch,
                                                     AuditEntry audit) {
    auto work = [org_id = std::move(org_id), id, patch = std::move(patch), audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<UserChange> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        auto user = find_user(session, org_id, id);
        if (!user) return user.error();
        if (patch.seen && *patch.seen != user->updated_at) {
            return conflict("the user was changed by somebody else meanwhile: try again");
        }
        UserChange change;
        change.user = apply(patch, std::move(*user));
        change.user.updated_at = clock->now();
        const auto store = [&] { return store_user(session, change.user); };
        if (auto stored = keep_a_keeper(session, org_id, store); !stored) return stored.error();
        if (change.user.status == identity::UserStatus::Disabled) {
            auto live = live_sessions(session, id, clock->now());
            if (!live) return live.error();
            change.ended = std::move(*live);
            auto ended = end_sessions(session, change.ended, clock->now());
            if (!ended) return ended.error();
        }
        if (auto bumped = bump_rights(session); !bumped) return bumped.error();
        auto logged = append_audit(session, audit, clock->now());
        if (!logged) return logged.error();
        return change;
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<UserChange>> SqlUserStore::set_password(PasswordChange change,
                                                           AuditEntry audit) {
    auto work = [change = std::move(change), audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<UserChange> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        auto user = find_user(session, change.org_id, change.user_id);
        if (!user) return user.error();
        if (change.expected_hash && *change.expected_hash != user->password_hash) {
            return conflict("the password was changed by somebody else meanwhile");
        }
        auto stored =
            session.execute_with("update users set password_hash = ?, updated_at = ? where id = ?",
                                 change.hash, clock->now(), change.user_id);
        if (!stored) return stored.error();
        auto live = live_sessions(session, change.user_id, clock->now());
        if (!live) return live.error();
        UserChange done;
        done.user = std::move(*user);
        done.user.password_hash = change.hash;
        for (const auto& id : *live) {
            if (id != change.keep) done.ended.push_back(id);
        }
        auto ended = end_sessions(session, done.ended, clock->now());
        if (!ended) return ended.error();
        auto logged = append_audit(session, audit, clock->now());
        if (!logged) return logged.error();
        return done;
    };
    co_return co_await database_.write(std::move(work));
}

}  // namespace zs::relational
