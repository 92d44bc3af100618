#include "adapters/relational/identity_permission_store.hpp"

#include "adapters/relational/identity_sql.hpp"

namespace zs::relational {

using namespace identity_sql;
using identity::AuditEntry;
using identity::PermissionFilter;
using identity::PermissionId;
using identity::PermissionRecord;
using identity::PrincipalKey;

namespace {
using Records = std::vector<PermissionRecord>;

Result<Records> query_records(Session& session, const std::string& condition,
                              const std::vector<Value>& params) {
    auto rows = session.query(
        "select " + std::string(kPermissionColumns) + " from permissions where " + condition,
        params);
    return permissions_of(rows);
}

Result<std::optional<PermissionRecord>> find_same(Session& session,
                                                  const PermissionRecord& record) {
    const std::vector<Value> params{record.org_id, to_value(to_text(record.principal.kind)),
                                    record.principal.id, to_value(to_text(record.resource))};
    auto records = query_records(
        session, "org_id = ? and principal_kind = ? and principal_id = ? and resource = ?", params);
    if (!records) return records.error();
    if (records->empty()) return std::optional<PermissionRecord>();
    return std::optional<PermissionRecord>(std::move(records->front()));
}

Result<PermissionRecord> find_record(Session& session, const std::string& org_id, PermissionId id) {
    const std::vector<Value> params{org_id, to_value(id)};
    auto records = query_records(session, "org_id = ? and id = ?", params);
    if (!records) return records.error();
    if (records->empty()) return not_found("there is no permission record " + id.to_string());
    return std::move(records->front());
}

Result<void> insert_record(Session& session, const PermissionRecord& record) {
    auto added = session.execute_with(
        "insert into permissions (id, org_id, principal_kind, principal_id, resource, allow,"
        " created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?)",
        record.id, record.org_id, to_text(record.principal.kind), record.principal.id,
        to_text(record.resource), to_bits(record.allow), record.created_at, record.updated_at);
    if (!added) return added.error();
    return {};
}

Result<void> replace_record(Session& session, const PermissionRecord& record) {
    auto stored =
        session.execute_with("update permissions set allow = ?, updated_at = ? where id = ?",
                             to_bits(record.allow), record.updated_at, record.id);
    if (!stored) return stored.error();
    return {};
}

Result<void> finish(Session& session, const AuditEntry& audit, Timestamp now) {
    if (auto bumped = bump_rights(session); !bumped) return bumped;
    return append_audit(session, audit, now);
}

// The three columns of a sort key (see sort_key()).
std::vector<Value> columns_of(const std::string& key) {
    const auto first = key.find('\0');
    const auto second = key.find('\0', first + 1);
    return {key.substr(0, first), key.substr(first + 1, second - first - 1),
            key.substr(second + 1)};
}
}  // namespace

async::Task<Result<Records>> SqlPermissionStore::list(std::string org_id, PermissionFilter filter,
                                                      std::optional<std::string> after, int limit) {
    std::string condition = "org_id = ?";
    std::vector<Value> params{std::move(org_id)};
    if (filter.kind) {
        condition += " and principal_kind = ?";
        params.push_back(to_value(to_text(*filter.kind)));
    }
    if (filter.principal_id) {
        condition += " and principal_id = ?";
        params.emplace_back(*filter.principal_id);
    }
    if (filter.resource) {
        condition += " and resource = ?";
        params.push_back(to_value(to_text(*filter.resource)));
    }
    if (after) {
        condition += " and (principal_kind, principal_id, resource) > (?, ?, ?)";
        for (auto& column : columns_of(*after))
            params.push_back(std::move(column));
    }
    condition += " order by principal_kind, principal_id, resource limit ?";
    params.push_back(to_value(limit));
    auto work = [condition = std::move(condition), params = std::move(params)](Session& session) {
        return query_records(session, condition, params);
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<PermissionRecord>> SqlPermissionStore::find(std::string org_id,
                                                               PermissionId id) {
    auto work = [org_id = std::move(org_id), id](Session& session) {
        return find_record(session, org_id, id);
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<PermissionRecord>> SqlPermissionStore::add(PermissionRecord record,
                                                              AuditEntry audit) {
    auto work = [record = std::move(record),
                 audit = std::move(audit)](Session& session) -> Result<PermissionRecord> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        auto same = find_same(session, record);
        if (!same) return same.error();
        if (same->has_value()) {
            return conflict("there is a record for this principal and resource: change that one",
                            "permission_exists")
                .with("id", json_text((*same)->id.to_string()));
        }
        const auto insert = [&] { return insert_record(session, record); };
        if (auto added = keep_a_keeper(session, record.org_id, insert); !added)
            return added.error();
        auto finished = finish(session, audit, record.created_at);
        if (!finished) return finished.error();
        return record;
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<PermissionRecord>> SqlPermissionStore::put(PermissionRecord record,
                                                              AuditEntry audit) {
    auto work = [record = std::move(record),
                 audit = std::move(audit)](Session& session) -> Result<PermissionRecord> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        PermissionRecord stored = record;
        auto same = find_same(session, record);
        if (!same) return same.error();
        if (same->has_value()) {
            stored.id = (*same)->id;
            stored.created_at = (*same)->created_at;
        }
        const auto change = [&] {
            return same->has_value() ? replace_record(session, stored)
                                     : insert_record(session, stored);
        };
        if (auto done = keep_a_keeper(session, record.org_id, change); !done) return done.error();
        auto finished = finish(session, audit, record.updated_at);
        if (!finished) return finished.error();
        return stored;
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlPermissionStore::remove(std::string org_id, PermissionId id,
                                                     AuditEntry audit) {
    auto work = [org_id = std::move(org_id), id, audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<void> {
        if (auto begun = begin_change(session); !begun) return begun;
        auto record = find_record(session, org_id, id);
        if (!record) return record.error();
        const auto erase = [&]() -> Result<void> {
            auto erased = session.execute_with("delete from permissions where id = ?", id);
            if (!erased) return erased.error();
            return {};
        };
        if (auto erased = keep_a_keeper(session, org_id, erase); !erased) return erased;
        return finish(session, audit, clock->now());
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<Records>> SqlPermissionStore::of_principals(
    std::string org_id, std::vector<PrincipalKey> principals) {
    auto work = [org_id = std::move(org_id), principals = std::move(principals)](Session& session) {
        return records_of(session, org_id, principals);
    };
    co_return co_await database_.read(std::move(work));
}

}  // namespace zs::relational
