#include "adapters/relational/identity_sql.hpp"

#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <iterator>

namespace zs::relational::identity_sql {

using identity::AuditEntry;
using identity::Environment;
using identity::PermissionRecord;
using identity::PrincipalKey;
using identity::SessionId;
using identity::User;
using identity::UserId;

Result<void> begin_change(Session& session) {
    if (session.dialect() == Dialect::Sqlite) return {};
    // The lock orders the changes, so each may read what the one before it committed.
    auto done = session.script("set transaction isolation level read committed");
    if (!done) return done;
    auto locked = session.query_with("select seq from audit_head where id = 1 for update");
    if (!locked) return locked.error();
    return {};
}

Result<void> append_audit(Session& session, AuditEntry entry, Timestamp now) {
    auto head = session.query_with("select seq, hash from audit_head where id = 1");
    if (!head) return head.error();
    if (head->empty()) return data_loss("the end of the audit chain is missing");
    const auto record =
        identity::chain(std::move(entry), head->front().integer(0) + 1, now, head->front().text(1));
    auto added = session.execute_with(
        "insert into audit_logs (seq, created_at, org_id, actor_kind, actor_id, token_id, ip,"
        " action, object, result, details, prev_hash, hash)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        record.seq, record.at, record.org_id, record.actor_kind, record.actor_id, record.token_id,
        record.ip, record.action, record.object, record.result, write_json(record.details),
        record.prev_hash, record.hash);
    if (!added) return added.error();
    auto moved = session.execute_with("update audit_head set seq = ?, hash = ? where id = 1",
                                      record.seq, record.hash);
    if (!moved) return moved.error();
    return {};
}

Result<void> bump_rights(Session& session) {
    auto done = session.execute_with("update identity_epoch set rights = rights + 1 where id = 1");
    if (!done) return done.error();
    return {};
}

std::string to_json(const std::vector<std::string>& list) {
    boost::json::array array;
    for (const auto& item : list)
        array.push_back(json_text(item));
    return write_json(array);
}

std::vector<std::string> list_of(const std::string& json) {
    std::vector<std::string> out;
    const auto value = parse_json(json);
    if (!value || !value->is_array()) return out;
    for (const auto& item : value->get_array()) {
        if (item.is_string()) out.emplace_back(item.get_string().data(), item.get_string().size());
    }
    return out;
}

Result<std::vector<std::string>> strict_list_of(const std::string& json, std::string_view what) {
    const auto value = parse_json(json);
    bool readable = value && value->is_array();
    if (readable) {
        const auto& items = value->get_array();
        readable = std::all_of(items.begin(), items.end(),
                               [](const auto& item) { return item.is_string(); });
    }
    if (readable) return list_of(json);
    return data_loss("the stored " + std::string(what) + " is not a JSON array of strings");
}

boost::json::object object_of(const std::string& json) {
    auto value = parse_json(json);
    return value && value->is_object() ? std::move(value->as_object()) : boost::json::object();
}

User user_of(const Row& row, std::size_t first) {
    User user;
    user.id = row.id<UserId>(first);
    user.org_id = row.text(first + 1);
    user.email = row.text(first + 2);
    user.name = row.maybe_text(first + 3);
    user.password_hash = row.text(first + 4);
    user.status = row.text(first + 5) == "active" ? identity::UserStatus::Active
                                                  : identity::UserStatus::Disabled;
    user.org_active = row.boolean(first + 6);
    user.roles = list_of(row.text(first + 7));
    user.labels = list_of(row.text(first + 8));
    user.groups = list_of(row.text(first + 9));
    user.created_at = row.time(first + 10);
    user.updated_at = row.time(first + 11);
    user.last_login_at = row.maybe_time(first + 12);
    return user;
}

Result<void> add_teams(Session& session, User& user) {
    auto rows = session.query_with(
        "select team_id, role from team_members where user_id = ? order by team_id", user.id);
    if (!rows) return rows.error();
    for (const auto& row : *rows) {
        identity::TeamMembership membership;
        membership.team_id = row.id<identity::TeamId>(0);
        const auto role = parse_text(std::type_identity<identity::TeamRole>{}, row.text(1));
        membership.role = role ? *role : identity::TeamRole::Viewer;
        user.teams.push_back(membership);
    }
    return {};
}

Result<User> find_user(Session& session, const std::string& org_id, UserId id) {
    auto rows = session.query_with("select " + std::string(kUserColumns) + std::string(kUserTables)
                                       + " where u.org_id = ? and u.id = ?",
                                   org_id, id);
    if (!rows) return rows.error();
    if (rows->empty()) return not_found("there is no user " + id.to_string());
    User user = user_of(rows->front());
    if (auto teams = add_teams(session, user); !teams) return teams.error();
    return user;
}

identity::Session session_of(const Row& row, std::size_t first) {
    identity::Session session;
    session.id = row.id<SessionId>(first);
    session.org_id = row.text(first + 1);
    session.user_id = row.id<UserId>(first + 2);
    session.environment_id = row.id<identity::EnvironmentId>(first + 3);
    session.env_slug = row.text(first + 4);
    session.ip = row.text(first + 5);
    session.user_agent = row.text(first + 6);
    session.created_at = row.time(first + 7);
    session.last_used_at = row.time(first + 8);
    session.expires_at = row.time(first + 9);
    session.expires_at_max = row.time(first + 10);
    session.ended_at = row.maybe_time(first + 11);
    return session;
}

Result<void> end_sessions(Session& session, const std::vector<SessionId>& ids, Timestamp now) {
    if (ids.empty()) return {};
    auto bumped =
        session.execute_with("update identity_epoch set sessions = sessions + 1 where id = 1");
    if (!bumped) return bumped.error();
    for (const auto& id : ids) {
        auto ended = session.execute_with(
            "update user_sessions set ended_at = ?, updated_at = ?, ended_epoch ="
            " (select sessions from identity_epoch where id = 1)"
            " where id = ? and ended_at is null",
            now, now, id);
        if (!ended) return ended.error();
    }
    return {};
}

Result<std::vector<SessionId>> live_sessions(Session& session, UserId user_id, Timestamp now) {
    auto rows = session.query_with(
        "select id from user_sessions where user_id = ? and ended_at is null and expires_at > ?"
        " order by created_at, id",
        user_id, now);
    if (!rows) return rows.error();
    std::vector<SessionId> ids;
    for (const auto& row : *rows)
        ids.push_back(row.id<SessionId>(0));
    return ids;
}

std::optional<PermissionRecord> permission_of(const Row& row) {
    PermissionRecord record;
    record.id = row.id<identity::PermissionId>(0);
    record.org_id = row.text(1);
    const auto kind = parse_text(std::type_identity<identity::PrincipalKind>{}, row.text(2));
    const auto resource = parse_text(std::type_identity<identity::ResourceRef>{}, row.text(4));
    if (!kind || !resource) {
        log::error("a permission record is unreadable and left out",
                   {{"id", record.id.to_string()},
                    {"principal_kind", row.text(2)},
                    {"resource", row.text(4)}});
        return std::nullopt;
    }
    record.principal.kind = *kind;
    record.principal.id = row.text(3);
    record.resource = *resource;
    using identity::Right;
    const auto bits = row.integer(5);
    for (const auto right : {Right::Create, Right::Read, Right::Update, Right::Delete}) {
        if (((bits >> static_cast<int>(right)) & 1) != 0) record.allow.add(right);
    }
    record.created_at = row.time(6);
    record.updated_at = row.time(7);
    return record;
}

Result<std::vector<PermissionRecord>> permissions_of(const Result<Rows>& rows) {
    if (!rows) return rows.error();
    std::vector<PermissionRecord> records;
    for (const auto& row : *rows) {
        if (auto record = permission_of(row)) records.push_back(std::move(*record));
    }
    return records;
}

std::int64_t to_bits(identity::RightSet set) {
    std::int64_t bits = 0;
    for (const auto right : set.to_vector())
        bits |= std::int64_t{1} << static_cast<int>(right);
    return bits;
}

Result<std::vector<Environment>> environments_of(Session& session, const std::string& org_id) {
    auto rows = session.query_with(
        "select id, org_id, slug, display_name, is_default from environments where org_id = ?"
        " order by is_default desc, slug",
        org_id);
    if (!rows) return rows.error();
    std::vector<Environment> all;
    for (const auto& row : *rows) {
        Environment environment;
        environment.id = row.id<identity::EnvironmentId>(0);
        environment.org_id = row.text(1);
        environment.slug = row.text(2);
        environment.display_name = row.text(3);
        environment.is_default = row.boolean(4);
        all.push_back(std::move(environment));
    }
    return all;
}

Result<std::vector<PermissionRecord>> records_of(Session& session, const std::string& org_id,
                                                 const std::vector<PrincipalKey>& principals) {
    // In batches: an expression has a greatest depth.
    constexpr std::size_t kBatch = 200;
    std::vector<PermissionRecord> records;
    for (std::size_t first = 0; first < principals.size(); first += kBatch) {
        std::string sql = "select " + std::string(kPermissionColumns)
                          + " from permissions where org_id = ? and (";
        std::vector<Value> params{org_id};
        const std::size_t end = std::min(principals.size(), first + kBatch);
        for (std::size_t i = first; i < end; ++i) {
            sql += i == first ? "" : " or ";
            sql += "(principal_kind = ? and principal_id = ?)";
            params.push_back(to_value(to_text(principals[i].kind)));
            params.emplace_back(principals[i].id);
        }
        auto rows = session.query(sql + ")", params);
        auto batch = permissions_of(rows);
        if (!batch) return batch;
        std::move(batch->begin(), batch->end(), std::back_inserter(records));
    }
    return records;
}

Result<void> add_environments(Session& session, const std::string& org_id, const Clock& clock) {
    for (const auto slug : identity::kEnvironmentSlugs) {
        const bool is_default = slug == identity::kDefaultEnvironment;
        auto added = session.execute_with(
            "insert into environments (id, org_id, slug, display_name, is_default, created_at,"
            " updated_at) values (?, ?, ?, ?, ?, ?, ?)",
            identity::EnvironmentId::next(clock), org_id, slug, is_default ? "Live" : "Sandbox",
            is_default, clock.now(), clock.now());
        if (!added) return added.error();
    }
    return {};
}

Result<void> ensure_org(Session& session, const std::string& org_id, const Clock& clock) {
    auto known = session.query_with("select 1 from organizations where id = ?", org_id);
    if (!known) return known.error();
    if (!known->empty()) return {};
    auto added = session.execute_with(
        "insert into organizations (id, name, slug, plan, settings, is_active, created_at,"
        " updated_at) values (?, ?, ?, 'free', '{}', 1, ?, ?)",
        org_id, org_id, org_id, clock.now(), clock.now());
    if (!added) return added.error();
    return add_environments(session, org_id, clock);
}

}  // namespace zs::relational::identity_sql
