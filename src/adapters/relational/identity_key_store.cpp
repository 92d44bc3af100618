#include "adapters/relational/identity_key_store.hpp"

#include "adapters/relational/identity_sql.hpp"

namespace zs::relational {

using namespace identity_sql;
using identity::ApiKey;
using identity::ApiKeyId;
using identity::ApiKeyPatch;
using identity::AuditEntry;
using identity::KeyRotation;
using identity::KeyTouch;
using identity::UserId;

namespace identity_sql {
Result<ApiKey> api_key_of(const Row& row) {
    ApiKey key;
    key.id = row.id<ApiKeyId>(0);
    key.org_id = row.text(1);
    key.user_id = row.id<UserId>(2);
    key.environment_id = row.id<identity::EnvironmentId>(3);
    key.env_slug = row.text(4);
    key.name = row.maybe_text(5);
    key.description = row.maybe_text(6);
    key.key_hash = row.text(7);
    key.key_prefix = row.text(8);
    auto scopes = strict_list_of(row.text(9), "scopes of API key " + key.id.to_string());
    if (!scopes) return scopes.error();
    key.scopes = std::move(*scopes);
    auto ip_allow = strict_list_of(row.text(10), "ip_allow of API key " + key.id.to_string());
    if (!ip_allow) return ip_allow.error();
    key.ip_allow = std::move(*ip_allow);
    key.created_at = row.time(11);
    key.last_used_at = row.maybe_time(12);
    key.expires_at = row.maybe_time(13);
    key.revoked_at = row.maybe_time(14);
    key.previous_key_hash = row.maybe_text(15);
    key.previous_expires_at = row.maybe_time(16);
    return key;
}
}  // namespace identity_sql

namespace {
constexpr std::string_view kTables =
    " from api_keys k join environments e on e.id = k.environment_id";

Result<ApiKey> find_key(Session& session, const std::string& org_id, ApiKeyId id) {
    auto rows = session.query_with("select " + std::string(kApiKeyColumns) + std::string(kTables)
                                       + " where k.org_id = ? and k.id = ?",
                                   org_id, id);
    if (!rows) return rows.error();
    if (rows->empty()) return not_found("there is no API key " + id.to_string());
    return api_key_of(rows->front());
}

Result<ApiKey> find_live_key(Session& session, const std::string& org_id, ApiKeyId id) {
    auto key = find_key(session, org_id, id);
    if (key && key->revoked_at) return gone("the API key was revoked");
    return key;
}

// What every change ends with.
Result<void> finish(Session& session, const AuditEntry& audit, Timestamp now) {
    if (auto bumped = bump_rights(session); !bumped) return bumped;
    return append_audit(session, audit, now);
}

Result<void> insert_key(Session& session, const ApiKey& key) {
    auto added = session.execute_with(
        "insert into api_keys (id, org_id, user_id, environment_id, name, description, key_hash,"
        " key_prefix, scopes, ip_allow, created_at, updated_at, expires_at)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        key.id, key.org_id, key.user_id, key.environment_id, key.name, key.description,
        key.key_hash, key.key_prefix, to_json(key.scopes), to_json(key.ip_allow), key.created_at,
        key.created_at, key.expires_at);
    if (!added) return added.error();
    return {};
}

Result<void> check_quota(Session& session, const ApiKey& key, std::size_t max) {
    auto live = session.query_with(
        "select count(*) from api_keys where user_id = ? and revoked_at is null"
        " and (expires_at is null or expires_at > ?)",
        key.user_id, key.created_at);
    if (!live) return live.error();
    if (live->front().integer(0) < static_cast<std::int64_t>(max)) return {};
    return exhausted("a user has at most " + std::to_string(max) + " API keys: revoke one first",
                     "key_limit");
}
}  // namespace

async::Task<Result<void>> SqlApiKeyStore::add(ApiKey key, std::size_t max, AuditEntry audit) {
    auto work = [key = std::move(key), max,
                 audit = std::move(audit)](Session& session) -> Result<void> {
        if (auto begun = begin_change(session); !begun) return begun;
        if (auto quota = check_quota(session, key, max); !quota) return quota;
        if (auto added = insert_key(session, key); !added) return added;
        return append_audit(session, audit, key.created_at);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<ApiKey>> SqlApiKeyStore::find(std::string org_id, ApiKeyId id) {
    auto work = [org_id = std::move(org_id), id](Session& session) {
        return find_key(session, org_id, id);
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::vector<ApiKey>>> SqlApiKeyStore::list(UserId user_id) {
    auto work = [user_id](Session& session) -> Result<std::vector<ApiKey>> {
        auto rows = session.query_with("select " + std::string(kApiKeyColumns) +
                                           std::string(kTables) +
                                           " where k.user_id = ?"
                                           " order by k.created_at desc, k.id desc",
                                       user_id);
        if (!rows) return rows.error();
        std::vector<ApiKey> keys;
        for (const auto& row : *rows) {
            auto key = api_key_of(row);
            if (!key) return key.error();
            keys.push_back(std::move(*key));
        }
        return keys;
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<ApiKey>> SqlApiKeyStore::update(std::string org_id, ApiKeyId id,
                                                   ApiKeyPatch patch, AuditEntry audit) {
    auto work = [org_id = std::move(org_id), id, patch = std::move(patch), audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<ApiKey> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        auto key = find_live_key(session, org_id, id);
        if (!key) return key;
        if (patch.name) key->name = *patch.name;
        if (patch.description) key->description = *patch.description;
        if (patch.scopes) key->scopes = *patch.scopes;
        if (patch.ip_allow) key->ip_allow = *patch.ip_allow;
        auto stored = session.execute_with(
            "update api_keys set name = ?, description = ?, scopes = ?, ip_allow = ?,"
            " updated_at = ? where id = ?",
            key->name, key->description, to_json(key->scopes), to_json(key->ip_allow), clock->now(),
            id);
        if (!stored) return stored.error();
        auto finished = finish(session, audit, clock->now());
        if (!finished) return finished.error();
        return key;
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlApiKeyStore::revoke(std::string org_id, ApiKeyId id,
                                                 AuditEntry audit) {
    auto work = [org_id = std::move(org_id), id, audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<void> {
        if (auto begun = begin_change(session); !begun) return begun;
        auto key = find_live_key(session, org_id, id);
        if (!key) return key.error();
        auto stored =
            session.execute_with("update api_keys set revoked_at = ?, updated_at = ? where id = ?",
                                 clock->now(), clock->now(), id);
        if (!stored) return stored.error();
        return finish(session, audit, clock->now());
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<ApiKey>> SqlApiKeyStore::rotate(KeyRotation rotation, AuditEntry audit) {
    auto work = [rotation = std::move(rotation),
                 audit = std::move(audit)](Session& session) -> Result<ApiKey> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        auto key = find_live_key(session, rotation.org_id, rotation.id);
        if (!key) return key;
        key->previous_key_hash = std::move(key->key_hash);
        key->previous_expires_at = rotation.old_expires_at;
        key->key_hash = rotation.new_hash;
        key->key_prefix = rotation.new_prefix;
        auto stored = session.execute_with(
            "update api_keys set key_hash = ?, key_prefix = ?, previous_key_hash = ?,"
            " previous_expires_at = ?, updated_at = ? where id = ?",
            key->key_hash, key->key_prefix, key->previous_key_hash, key->previous_expires_at,
            rotation.now, rotation.id);
        if (!stored) return stored.error();
        auto finished = finish(session, audit, rotation.now);
        if (!finished) return finished.error();
        return key;
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlApiKeyStore::touch(std::vector<KeyTouch> touches) {
    auto work = [touches = std::move(touches)](Session& session) -> Result<void> {
        for (const auto& touch : touches) {
            auto done = session.execute_with("update api_keys set last_used_at = ? where id = ?",
                                             touch.at, touch.id);
            if (!done) return done.error();
        }
        return {};
    };
    co_return co_await database_.write(std::move(work));
}

}  // namespace zs::relational
