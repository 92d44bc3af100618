#include "support/memory_identity.hpp"

#include "base/encoding.hpp"
#include "core/identity/limits.hpp"

#include <algorithm>

namespace zs::testing {

using namespace identity;

namespace {
Error gone_user() {
    return not_found("there is no such user");
}

template <class Map, class Id>
auto find_in(Map& map, const std::string& org_id, Id id) -> decltype(&map.begin()->second) {
    const auto found = map.find(id);
    return found == map.end() || found->second.org_id != org_id ? nullptr : &found->second;
}
}  // namespace

void MemoryIdentity::log(AuditEntry entry) {
    const std::string prev = audit_rows.empty() ? "" : audit_rows.back().hash;
    audit_rows.push_back(chain(std::move(entry), static_cast<std::int64_t>(audit_rows.size()) + 1,
                               clock_.now(), prev));
}

void MemoryIdentity::ensure_org(const std::string& org_id) {
    if (state_.orgs.count(org_id) != 0) return;
    Organization org;
    org.id = org_id;
    org.name = org_id;
    org.slug = org_id;
    org.created_at = clock_.now();
    org.updated_at = org.created_at;
    state_.orgs[org_id] = org;
    for (const auto slug : kEnvironmentSlugs) {
        Environment environment;
        environment.id = EnvironmentId::next(clock_);
        environment.org_id = org_id;
        environment.slug = slug;
        environment.display_name = slug == kDefaultEnvironment ? "Live" : "Sandbox";
        environment.is_default = slug == kDefaultEnvironment;
        state_.envs.push_back(environment);
    }
}

Result<User> MemoryIdentity::user_in(const std::string& org_id, UserId id) const {
    const auto* stored = find_in(state_.users, org_id, id);
    if (stored == nullptr) return gone_user();
    User user = *stored;
    user.org_active = state_.orgs.at(org_id).is_active;
    for (const auto& [key, member] : state_.members) {
        if (key.second != id) continue;
        TeamMembership membership;
        membership.team_id = key.first;
        membership.role = member.role;
        user.teams.push_back(membership);
    }
    return user;
}

Result<User> MemoryIdentity::insert_user(const NewUser& user) {
    for (const auto& [id, other] : state_.users) {
        if (other.email == user.email) return conflict("the e-mail address is in use");
    }
    User row;
    row.id = user.id;
    row.org_id = user.org_id;
    row.email = user.email;
    row.name = user.name;
    row.password_hash = user.password_hash;
    row.roles = user.roles;
    row.created_at = user.created_at;
    row.updated_at = user.created_at;
    state_.users[row.id] = row;
    return row;
}

AccessFacts MemoryIdentity::facts_of(const User& user) const {
    AccessFacts facts;
    facts.user = user;
    for (const auto& environment : state_.envs) {
        if (environment.org_id == user.org_id) facts.environments.push_back(environment);
    }
    for (const auto& [id, record] : state_.records) {
        if (record.org_id == user.org_id) facts.records.push_back(record);
    }
    return facts;
}

std::vector<SessionId> MemoryIdentity::live(UserId user_id) const {
    std::vector<const Session*> rows;
    for (const auto& [id, session] : state_.sessions) {
        const bool mine = session.user_id == user_id && !session.ended_at;
        if (mine && session.expires_at > clock_.now()) rows.push_back(&session);
    }
    std::sort(rows.begin(), rows.end(), [](const auto* a, const auto* b) {
        return std::pair(a->created_at, a->id) < std::pair(b->created_at, b->id);
    });
    std::vector<SessionId> ids;
    for (const auto* row : rows)
        ids.push_back(row->id);
    return ids;
}

void MemoryIdentity::end_all(const std::vector<SessionId>& ids) {
    if (ids.empty()) return;
    ++state_.epoch.sessions;
    for (const auto& id : ids) {
        state_.sessions.at(id).ended_at = clock_.now();
        state_.ended_epoch[id] = state_.epoch.sessions;
    }
}

bool MemoryIdentity::has_keeper(const std::string& org_id) const {
    for (const auto& [id, row] : state_.users) {
        if (row.org_id != org_id || row.status != UserStatus::Active) continue;
        const User user = user_in(org_id, id).value();
        const auto rights = resolve_rights(principals_of(user), facts_of(user).records);
        if (rights.allows(Resource::Permissions, Right::Update)) return true;
    }
    return false;
}

bool MemoryIdentity::has_owner(TeamId id) const {
    return std::any_of(state_.members.begin(), state_.members.end(), [id](const auto& item) {
        return item.first.first == id && item.second.role == TeamRole::Owner;
    });
}

template <class Change>
Result<void> MemoryIdentity::change_rights(const std::string& org_id, AuditEntry entry,
                                           Change change) {
    if (failure) return *failure;
    const State before = state_;
    const bool kept = has_keeper(org_id);
    Result<void> done = change();
    if (done && kept && !has_keeper(org_id)) {
        done = conflict("nobody would be left who may change permissions", "last_admin");
    }
    if (!done) {
        state_ = before;
        return done;
    }
    ++state_.epoch.rights;
    log(std::move(entry));
    return done;
}

// UserStore

async::Task<Result<User>> MemoryIdentity::sign_up(NewUser user, SignupMode mode, AuditEntry entry) {
    if (failure) co_return *failure;
    if (state_.users.empty()) {
        user.roles.assign(1, std::string(kRoleAdmin));
    } else if (mode == SignupMode::Closed) {
        co_return forbidden("sign-up is closed", "signup_closed");
    }
    ensure_org(user.org_id);
    auto added = insert_user(user);
    if (added) log(std::move(entry));
    co_return added;
}

async::Task<Result<User>> MemoryIdentity::add(NewUser user, AuditEntry entry) {
    if (failure) co_return *failure;
    if (state_.orgs.count(user.org_id) == 0) co_return not_found("there is no such organization");
    auto added = insert_user(user);
    if (added) log(std::move(entry));
    co_return added;
}

async::Task<Result<User>> MemoryIdentity::find(std::string org_id, UserId id) {
    if (failure) co_return *failure;
    co_return user_in(org_id, id);
}

async::Task<Result<std::optional<User>>> MemoryIdentity::find_by_email(std::string email) {
    if (failure) co_return *failure;
    for (const auto& [id, user] : state_.users) {
        if (user.email == email) co_return std::optional<User>(user_in(user.org_id, id).value());
    }
    co_return std::optional<User>();
}

async::Task<Result<std::vector<User>>> MemoryIdentity::list(std::string org_id, UserFilter filter,
                                                            std::optional<UserId> after,
                                                            int limit) {
    if (failure) co_return *failure;
    std::vector<User> out;
    for (const auto& [id, user] : state_.users) {
        if (user.org_id != org_id || (after && id <= *after)) continue;
        if (filter.email && user.email != *filter.email) continue;
        if (filter.status && user.status != *filter.status) continue;
        if (out.size() < static_cast<std::size_t>(limit))
            out.push_back(user_in(org_id, id).value());
    }
    co_return out;
}

async::Task<Result<UserChange>> MemoryIdentity::update(std::string org_id, UserId id,
                                                       UserPatch patch, AuditEntry entry) {
    auto user = user_in(org_id, id);
    if (!user) co_return user.error();
    if (patch.seen && *patch.seen != user->updated_at) {
        co_return conflict("the user was changed by somebody else meanwhile");
    }
    UserChange result;
    const auto change = [&]() -> Result<void> {
        User& row = state_.users.at(id);
        row = apply(patch, row);
        row.updated_at = clock_.now();
        if (row.status == UserStatus::Disabled) {
            result.ended = live(id);
            end_all(result.ended);
        }
        return {};
    };
    auto done = change_rights(org_id, std::move(entry), change);
    if (!done) co_return done.error();
    result.user = user_in(org_id, id).value();
    co_return result;
}

async::Task<Result<UserChange>> MemoryIdentity::set_password(PasswordChange change,
                                                             AuditEntry entry) {
    if (failure) co_return *failure;
    auto user = user_in(change.org_id, change.user_id);
    if (!user) co_return user.error();
    if (change.expected_hash && *change.expected_hash != user->password_hash) {
        co_return conflict("the password was changed by somebody else meanwhile");
    }
    state_.users.at(change.user_id).password_hash = change.hash;
    UserChange result;
    for (const auto& id : live(change.user_id)) {
        if (id != change.keep) result.ended.push_back(id);
    }
    end_all(result.ended);
    log(std::move(entry));
    result.user = user_in(change.org_id, change.user_id).value();
    co_return result;
}

// SessionStore

async::Task<Result<std::vector<SessionId>>> MemoryIdentity::create(NewSession opening,
                                                                   AuditEntry entry) {
    if (failure) co_return *failure;
    const auto user = user_in(opening.session.org_id, opening.session.user_id);
    if (!user || !may_sign_in(*user) || user->password_hash != opening.expected_password_hash) {
        co_return unauthenticated("the account changed during the login", "invalid_credentials");
    }
    auto surplus = live(user->id);
    const std::size_t keep = kSessionsPerUserMax - 1;
    surplus.resize(surplus.size() > keep ? surplus.size() - keep : 0);
    end_all(surplus);
    state_.sessions[opening.session.id] = opening.session;
    state_.tokens[opening.token.hash] = opening.token;
    User& row = state_.users.at(user->id);
    row.last_login_at = opening.session.created_at;
    if (opening.new_password_hash) row.password_hash = *opening.new_password_hash;
    log(std::move(entry));
    co_return surplus;
}

async::Task<Result<RotationResult>> MemoryIdentity::rotate(Rotation rotation, AuditEntry entry) {
    if (failure) co_return *failure;
    RotationResult result;
    const auto found = state_.tokens.find(rotation.presented_hash);
    if (found == state_.tokens.end()) co_return result;
    RefreshToken& token = found->second;
    Session& session = state_.sessions.at(token.session_id);
    result.user = user_in(session.org_id, session.user_id).value();
    result.verdict = judge_refresh(token, session, rotation.now, rotation.grace);
    if (!may_sign_in(result.user)) result.verdict = RefreshVerdict::Refuse;
    if (result.verdict == RefreshVerdict::RevokeFamily) {
        end_all(std::vector<SessionId>(1, session.id));
        log(std::move(entry));
    }
    if (result.verdict == RefreshVerdict::Rotate) {
        token.spent_at = rotation.now;
        token.successor_hash = rotation.successor.hash;
        session.expires_at = std::min(rotation.successor.expires_at, session.expires_at_max);
        result.successor = rotation.successor;
        state_.tokens[rotation.successor.hash] = rotation.successor;
    }
    if (result.verdict == RefreshVerdict::RepeatSuccessor) {
        result.successor = state_.tokens.at(token.successor_hash);
    }
    const bool good = result.verdict == RefreshVerdict::Rotate
                      || result.verdict == RefreshVerdict::RepeatSuccessor;
    if (good) session.last_used_at = rotation.now;
    if (good && rotation.environment) {
        session.environment_id = rotation.environment->id;
        session.env_slug = rotation.environment->slug;
    }
    result.session = session;
    co_return result;
}

async::Task<Result<std::vector<Session>>> MemoryIdentity::list(UserId user_id, Timestamp) {
    if (failure) co_return *failure;
    std::vector<Session> out;
    for (const auto& id : live(user_id))
        out.push_back(state_.sessions.at(id));
    std::reverse(out.begin(), out.end());
    co_return out;
}

async::Task<Result<std::vector<SessionId>>> MemoryIdentity::end(SessionEnd which,
                                                                AuditEntry entry) {
    if (failure) co_return *failure;
    auto ids = live(which.user_id);
    if (which.session_id) {
        std::erase_if(ids, [&](const auto& id) { return id != *which.session_id; });
    }
    end_all(ids);
    if (!ids.empty()) log(std::move(entry));
    co_return ids;
}

async::Task<Result<void>> MemoryIdentity::touch(std::vector<SessionTouch> touches) {
    for (const auto& touch : touches) {
        const auto found = state_.sessions.find(touch.id);
        if (found == state_.sessions.end()) continue;
        found->second.last_used_at = std::max(found->second.last_used_at, touch.at);
    }
    co_return Result<void>();
}

async::Task<Result<std::int64_t>> MemoryIdentity::purge(Timestamp before) {
    const auto removed = std::erase_if(state_.sessions, [&](const auto& item) {
        const Session& session = item.second;
        return session.expires_at < before || (session.ended_at && *session.ended_at < before);
    });
    std::erase_if(state_.tokens, [&](const auto& item) {
        return state_.sessions.count(item.second.session_id) == 0;
    });
    co_return static_cast<std::int64_t>(removed);
}

// CredentialStore

async::Task<Result<std::optional<SessionFacts>>> MemoryIdentity::find_session(SessionId id) {
    if (failure) co_return *failure;
    const auto found = state_.sessions.find(id);
    if (found == state_.sessions.end()) co_return std::optional<SessionFacts>();
    SessionFacts facts;
    facts.session = found->second;
    facts.access = facts_of(user_in(found->second.org_id, found->second.user_id).value());
    co_return std::optional<SessionFacts>(std::move(facts));
}

async::Task<Result<std::optional<ApiKeyFacts>>> MemoryIdentity::find_api_key(std::string key_hash) {
    if (failure) co_return *failure;
    for (const auto& [id, key] : state_.keys) {
        if (key.key_hash != key_hash && key.previous_key_hash != key_hash) continue;
        ApiKeyFacts facts;
        facts.key = key;
        facts.access = facts_of(user_in(key.org_id, key.user_id).value());
        co_return std::optional<ApiKeyFacts>(std::move(facts));
    }
    co_return std::optional<ApiKeyFacts>();
}

async::Task<Result<IdentityChanges>> MemoryIdentity::changes_since(IdentityEpoch known) {
    if (failure) co_return *failure;
    IdentityChanges changes;
    changes.epoch = state_.epoch;
    for (const auto& [id, epoch] : state_.ended_epoch) {
        if (known.sessions >= 0 && epoch > known.sessions) changes.ended.push_back(id);
    }
    co_return changes;
}

// ApiKeyStore

Result<ApiKey> MemoryIdentity::live_key(const std::string& org_id, ApiKeyId id) const {
    const auto* key = find_in(state_.keys, org_id, id);
    if (key == nullptr) return not_found("there is no such API key");
    if (key->revoked_at) return gone("the API key was revoked");
    return *key;
}

async::Task<Result<void>> MemoryIdentity::add(ApiKey key, std::size_t max, AuditEntry entry) {
    if (failure) co_return *failure;
    const auto live_keys = std::count_if(state_.keys.begin(), state_.keys.end(), [&](auto& item) {
        const ApiKey& other = item.second;
        return other.user_id == key.user_id && !other.revoked_at
               && (!other.expires_at || *other.expires_at > key.created_at);
    });
    if (static_cast<std::size_t>(live_keys) >= max) co_return exhausted("too many", "key_limit");
    state_.keys[key.id] = key;
    log(std::move(entry));
    co_return Result<void>();
}

async::Task<Result<ApiKey>> MemoryIdentity::find(std::string org_id, ApiKeyId id) {
    const auto* key = find_in(state_.keys, org_id, id);
    if (key == nullptr) co_return not_found("there is no such API key");
    co_return *key;
}

async::Task<Result<std::vector<ApiKey>>> MemoryIdentity::list(UserId user_id) {
    std::vector<ApiKey> out;
    for (const auto& [id, key] : state_.keys) {
        if (key.user_id == user_id) out.insert(out.begin(), key);
    }
    co_return out;
}

async::Task<Result<ApiKey>> MemoryIdentity::update(std::string org_id, ApiKeyId id,
                                                   ApiKeyPatch patch, AuditEntry entry) {
    auto key = live_key(org_id, id);
    if (!key) co_return key;
    if (patch.name) key->name = patch.name;
    if (patch.description) key->description = patch.description;
    if (patch.scopes) key->scopes = *patch.scopes;
    if (patch.ip_allow) key->ip_allow = *patch.ip_allow;
    state_.keys[id] = *key;
    ++state_.epoch.rights;
    log(std::move(entry));
    co_return key;
}

async::Task<Result<void>> MemoryIdentity::revoke(std::string org_id, ApiKeyId id,
                                                 AuditEntry entry) {
    auto key = live_key(org_id, id);
    if (!key) co_return key.error();
    state_.keys[id].revoked_at = clock_.now();
    ++state_.epoch.rights;
    log(std::move(entry));
    co_return Result<void>();
}

async::Task<Result<ApiKey>> MemoryIdentity::rotate(KeyRotation rotation, AuditEntry entry) {
    auto key = live_key(rotation.org_id, rotation.id);
    if (!key) co_return key;
    key->previous_key_hash = key->key_hash;
    key->previous_expires_at = rotation.old_expires_at;
    key->key_hash = rotation.new_hash;
    key->key_prefix = rotation.new_prefix;
    state_.keys[rotation.id] = *key;
    ++state_.epoch.rights;
    log(std::move(entry));
    co_return key;
}

async::Task<Result<void>> MemoryIdentity::touch(std::vector<KeyTouch> touches) {
    for (const auto& touch : touches)
        state_.keys[touch.id].last_used_at = touch.at;
    co_return Result<void>();
}

// PermissionStore

async::Task<Result<std::vector<PermissionRecord>>> MemoryIdentity::list(
    std::string org_id, PermissionFilter filter, std::optional<std::string> after, int limit) {
    std::map<std::string, PermissionRecord> sorted;
    for (const auto& [id, record] : state_.records) {
        const bool fits = record.org_id == org_id
                          && (!filter.kind || record.principal.kind == *filter.kind)
                          && (!filter.principal_id || record.principal.id == *filter.principal_id)
                          && (!filter.resource || record.resource == *filter.resource);
        if (fits && (!after || sort_key(record) > *after)) sorted[sort_key(record)] = record;
    }
    std::vector<PermissionRecord> out;
    for (const auto& [key, record] : sorted) {
        if (out.size() < static_cast<std::size_t>(limit)) out.push_back(record);
    }
    co_return out;
}

async::Task<Result<PermissionRecord>> MemoryIdentity::find(std::string org_id, PermissionId id) {
    const auto* record = find_in(state_.records, org_id, id);
    if (record == nullptr) co_return not_found("there is no such record");
    co_return *record;
}

async::Task<Result<PermissionRecord>> MemoryIdentity::add(PermissionRecord record,
                                                          AuditEntry entry) {
    for (const auto& [id, other] : state_.records) {
        if (other.org_id == record.org_id && sort_key(other) == sort_key(record)) {
            co_return conflict("there is one", "permission_exists");
        }
    }
    const auto change = [&]() -> Result<void> {
        state_.records[record.id] = record;
        return {};
    };
    auto done = change_rights(record.org_id, std::move(entry), change);
    if (!done) co_return done.error();
    co_return record;
}

async::Task<Result<PermissionRecord>> MemoryIdentity::put(PermissionRecord record,
                                                          AuditEntry entry) {
    for (const auto& [id, other] : state_.records) {
        if (other.org_id != record.org_id || sort_key(other) != sort_key(record)) continue;
        record.id = other.id;
        record.created_at = other.created_at;
    }
    const auto change = [&]() -> Result<void> {
        state_.records[record.id] = record;
        return {};
    };
    auto done = change_rights(record.org_id, std::move(entry), change);
    if (!done) co_return done.error();
    co_return record;
}

async::Task<Result<void>> MemoryIdentity::remove(std::string org_id, PermissionId id,
                                                 AuditEntry entry) {
    if (find_in(state_.records, org_id, id) == nullptr) co_return not_found("no such record");
    const auto change = [&]() -> Result<void> {
        state_.records.erase(id);
        return {};
    };
    co_return change_rights(org_id, std::move(entry), change);
}

async::Task<Result<std::vector<PermissionRecord>>> MemoryIdentity::of_principals(
    std::string org_id, std::vector<PrincipalKey> principals) {
    std::vector<PermissionRecord> out;
    for (const auto& [id, record] : state_.records) {
        const bool asked =
            std::find(principals.begin(), principals.end(), record.principal) != principals.end();
        if (record.org_id == org_id && asked) out.push_back(record);
    }
    co_return out;
}

// TeamStore

Result<Team> MemoryIdentity::team_in(const std::string& org_id, TeamId id) const {
    const auto found = state_.teams.find(id);
    if (found == state_.teams.end() || found->second.organization_id != org_id) {
        return not_found("there is no such team");
    }
    return found->second;
}

async::Task<Result<TeamList>> MemoryIdentity::list(TeamQuery query) {
    TeamList list;
    std::vector<Team> all;
    for (const auto& [id, team] : state_.teams) {
        if (team.organization_id == query.org_id) all.insert(all.begin(), team);
    }
    list.total = static_cast<std::int64_t>(all.size());
    for (std::size_t i = static_cast<std::size_t>(query.offset); i < all.size(); ++i) {
        if (list.items.size() < static_cast<std::size_t>(query.limit)) list.items.push_back(all[i]);
    }
    co_return list;
}

async::Task<Result<Team>> MemoryIdentity::find(std::string org_id, TeamId id) {
    co_return team_in(org_id, id);
}

async::Task<Result<Team>> MemoryIdentity::add(Team team, std::optional<UserId> owner,
                                              AuditEntry entry) {
    state_.teams[team.id] = team;
    if (owner) {
        TeamMember member;
        member.user_id = *owner;
        member.role = TeamRole::Owner;
        member.email = state_.users.at(*owner).email;
        state_.members[{team.id, *owner}] = member;
    }
    log(std::move(entry));
    co_return team;
}

async::Task<Result<Team>> MemoryIdentity::update(std::string org_id, TeamId id, TeamPatch patch,
                                                 AuditEntry entry) {
    auto team = team_in(org_id, id);
    if (!team) co_return team;
    if (patch.name) team->name = *patch.name;
    if (patch.description) team->description = patch.description;
    state_.teams[id] = *team;
    log(std::move(entry));
    co_return team;
}

async::Task<Result<void>> MemoryIdentity::remove(std::string org_id, TeamId id, AuditEntry entry) {
    auto team = team_in(org_id, id);
    if (!team) co_return team.error();
    const auto change = [&]() -> Result<void> {
        const std::string text = id.to_string();
        std::erase_if(state_.records, [&](const auto& item) {
            const auto& principal = item.second.principal;
            return (principal.kind == PrincipalKind::Team && principal.id == text)
                   || (principal.kind == PrincipalKind::TeamRole && principal.id.starts_with(text));
        });
        std::erase_if(state_.members, [&](const auto& item) { return item.first.first == id; });
        state_.teams.erase(id);
        return {};
    };
    co_return change_rights(org_id, std::move(entry), change);
}

async::Task<Result<std::vector<TeamMember>>> MemoryIdentity::members(std::string org_id,
                                                                     TeamId id) {
    auto team = team_in(org_id, id);
    if (!team) co_return team.error();
    std::vector<TeamMember> out;
    for (const auto& [key, member] : state_.members) {
        if (key.first == id) out.push_back(member);
    }
    co_return out;
}

async::Task<Result<TeamMember>> MemoryIdentity::put_member(std::string org_id, TeamId id,
                                                           MemberRole role, AuditEntry entry) {
    auto team = team_in(org_id, id);
    if (!team) co_return team.error();
    auto user = user_in(org_id, role.user_id);
    if (!user) co_return user.error();
    TeamMember member;
    member.user_id = role.user_id;
    member.role = role.role;
    member.email = user->email;
    const auto change = [&]() -> Result<void> {
        const bool owned = has_owner(id);
        state_.members[{id, role.user_id}] = member;
        if (owned && !has_owner(id)) return conflict("keep an owner", "last_owner");
        return {};
    };
    auto done = change_rights(org_id, std::move(entry), change);
    if (!done) co_return done.error();
    co_return member;
}

async::Task<Result<void>> MemoryIdentity::remove_member(std::string org_id, TeamId id,
                                                        UserId user_id, AuditEntry entry) {
    auto team = team_in(org_id, id);
    if (!team) co_return team.error();
    const auto change = [&]() -> Result<void> {
        const bool owned = has_owner(id);
        if (state_.members.erase({id, user_id}) == 0) return not_found("not in the team");
        if (owned && !has_owner(id)) return conflict("keep an owner", "last_owner");
        return {};
    };
    co_return change_rights(org_id, std::move(entry), change);
}

}  // namespace zs::testing
