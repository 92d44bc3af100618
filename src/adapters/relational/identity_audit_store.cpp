#include "adapters/relational/identity_organization_store.hpp"
#include "adapters/relational/identity_sql.hpp"

namespace zs::relational {

using namespace identity_sql;
using identity::AuditEntry;
using identity::AuditFilter;
using identity::AuditRecord;

namespace {
using Records = std::vector<AuditRecord>;

AuditRecord record_of(const Row& row) {
    AuditRecord record;
    record.seq = row.integer(0);
    record.at = row.time(1);
    record.org_id = row.text(2);
    record.actor_kind = row.text(3);
    record.actor_id = row.text(4);
    record.token_id = row.text(5);
    record.ip = row.text(6);
    record.action = row.text(7);
    record.object = row.text(8);
    record.result = row.text(9);
    record.details = object_of(row.text(10));
    record.prev_hash = row.text(11);
    record.hash = row.text(12);
    return record;
}

Result<Records> query_records(Session& session, const std::string& rest,
                              const std::vector<Value>& params) {
    auto rows = session.query(
        "select seq, created_at, org_id, actor_kind, actor_id, token_id, ip, action, object,"
        " result, details, prev_hash, hash from audit_logs where "
            + rest,
        params);
    if (!rows) return rows.error();
    Records records;
    for (const auto& row : *rows)
        records.push_back(record_of(row));
    return records;
}
}  // namespace

async::Task<Result<void>> SqlAuditStore::append(AuditEntry entry) {
    auto work = [entry = std::move(entry), clock = &clock_](Session& session) -> Result<void> {
        if (auto begun = begin_change(session); !begun) return begun;
        return append_audit(session, entry, clock->now());
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<Records>> SqlAuditStore::list(std::string org_id, AuditFilter filter,
                                                 std::optional<std::int64_t> before, int limit) {
    std::string rest = "org_id = ?";
    std::vector<Value> params{std::move(org_id)};
    const auto add = [&](std::string_view condition, Value value) {
        rest += " and " + std::string(condition) + " ?";
        params.push_back(std::move(value));
    };
    if (filter.action) add("action =", *filter.action);
    if (filter.actor_id) add("actor_id =", *filter.actor_id);
    if (filter.object) add("object =", *filter.object);
    if (filter.result) add("result =", *filter.result);
    if (filter.since) add("created_at >=", to_value(*filter.since));
    if (filter.until) add("created_at <", to_value(*filter.until));
    if (before) add("seq <", *before);
    rest += " order by seq desc limit ?";
    params.push_back(to_value(limit));
    auto work = [rest = std::move(rest), params = std::move(params)](Session& session) {
        return query_records(session, rest, params);
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<Records>> SqlAuditStore::read_chain(std::int64_t after, int limit) {
    auto work = [after, limit](Session& session) {
        const std::vector<Value> params{after, to_value(limit)};
        return query_records(session, "seq > ? order by seq limit ?", params);
    };
    co_return co_await database_.read(std::move(work));
}

}  // namespace zs::relational
