#pragma once

#include "adapters/relational/database.hpp"
#include "core/identity/api_key.hpp"
#include "core/identity/audit.hpp"
#include "core/identity/credential_store.hpp"
#include "core/identity/environment.hpp"
#include "core/identity/permission.hpp"
#include "core/identity/session.hpp"
#include "core/identity/user.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the identity stores share: rows to values, and the steps that belong to every change. All of
// it runs inside a transaction.
namespace zs::relational::identity_sql {

// Makes this change of identities wait for the one before it. On SQLite that is so anyway; on
// PostgreSQL the end of the audit chain is locked, which every change extends.
Result<void> begin_change(Session& session);
Result<void> append_audit(Session& session, identity::AuditEntry entry, Timestamp now);
// Tells other processes that rights may have changed.
Result<void> bump_rights(Session& session);

// Lists and objects as they are stored.
std::string to_json(const std::vector<std::string>& list);
std::vector<std::string> list_of(const std::string& json);
// For lists that narrow, where "nothing" means "everything". Errors: DataLoss unless it is a list
// of text; `what` names it.
Result<std::vector<std::string>> strict_list_of(const std::string& json, std::string_view what);
boost::json::object object_of(const std::string& json);

inline constexpr std::string_view kUserColumns =
    "u.id, u.org_id, u.email, u.name, u.password_hash, u.status, o.is_active, u.roles, u.labels,"
    " u.user_groups, u.created_at, u.updated_at, u.last_login_at";
inline constexpr std::string_view kUserTables =
    " from users u join organizations o on o.id = u.org_id";
inline constexpr std::size_t kUserWidth = 13;
identity::User user_of(const Row& row, std::size_t first = 0);  // without teams
Result<void> add_teams(Session& session, identity::User& user);
// Errors: NotFound.
Result<identity::User> find_user(Session& session, const std::string& org_id, identity::UserId id);

inline constexpr std::string_view kSessionColumns =
    "s.id, s.org_id, s.user_id, s.environment_id, e.slug, s.ip, s.user_agent, s.created_at,"
    " s.last_used_at, s.expires_at, s.expires_at_max, s.ended_at";
inline constexpr std::size_t kSessionWidth = 12;
identity::Session session_of(const Row& row, std::size_t first = 0);
// Ends the live ones among `ids` and answers them.
Result<void> end_sessions(Session& session, const std::vector<identity::SessionId>& ids,
                          Timestamp now);
// Live sessions of a user, oldest first.
Result<std::vector<identity::SessionId>> live_sessions(Session& session, identity::UserId user_id,
                                                       Timestamp now);

inline constexpr std::string_view kPermissionColumns =
    "id, org_id, principal_kind, principal_id, resource, allow, created_at, updated_at";
// Absent when principal or resource are of a kind that this version does not know: such a record
// is logged and speaks about nobody.
std::optional<identity::PermissionRecord> permission_of(const Row& row);
Result<std::vector<identity::PermissionRecord>> permissions_of(const Result<Rows>& rows);
std::int64_t to_bits(identity::RightSet set);

Result<std::vector<identity::Environment>> environments_of(Session& session,
                                                           const std::string& org_id);
Result<std::vector<identity::PermissionRecord>> records_of(
    Session& session, const std::string& org_id,
    const std::vector<identity::PrincipalKey>& principals);

// Makes the org with its environments unless it exists.
Result<void> ensure_org(Session& session, const std::string& org_id, const Clock& clock);
Result<void> add_environments(Session& session, const std::string& org_id, const Clock& clock);

// Whether somebody active in the org may change permissions.
Result<bool> has_keeper(Session& session, const std::string& org_id);
// Runs `change` and refuses it when the org loses its last keeper by it.
template <class Change>
std::invoke_result_t<Change&> keep_a_keeper(Session& session, const std::string& org_id,
                                            Change change) {
    const auto before = has_keeper(session, org_id);
    if (!before) return before.error();
    auto done = change();
    if (!done) return done;
    const auto after = has_keeper(session, org_id);
    if (!after) return after.error();
    if (*before && !*after) {
        return conflict("nobody would be left who may change permissions", "last_admin");
    }
    return done;
}

}  // namespace zs::relational::identity_sql
