#include "adapters/relational/jobs/tenant_numbers.hpp"

namespace zs::relational {

using identity::Tenant;

namespace {

Result<std::optional<std::int64_t>> find_in(Session& session, const Tenant& tenant) {
    auto rows = session.query_with("select num from job_tenants where org_id = ? and env_slug = ?",
                                   tenant.org_id, tenant.env_slug);
    if (!rows) return std::move(rows).error();
    if (rows->empty()) return std::optional<std::int64_t>();
    return std::optional(rows->front().integer(0));
}

Result<std::int64_t> draw_in(Session& session, const Tenant& tenant) {
    auto known = find_in(session, tenant);
    if (!known) return std::move(known).error();
    if (*known) return **known;
    auto org = session.query_with("select 1 from organizations where id = ?", tenant.org_id);
    if (!org) return std::move(org).error();
    if (org->empty()) return not_found("there is no such organization");
    auto made = session.execute_with(
        "insert into job_tenants (org_id, env_slug) values (?, ?)"
        " on conflict (org_id, env_slug) do nothing",
        tenant.org_id, tenant.env_slug);
    if (!made) return std::move(made).error();
    known = find_in(session, tenant);
    if (!known) return std::move(known).error();
    if (!*known) return unavailable("another process adds the same tenant; try again");
    return **known;
}

}  // namespace

std::optional<std::int64_t> TenantNumbers::known(const Tenant& tenant) const {
    const std::shared_lock lock(mutex_);
    const auto found = numbers_.find(tenant);
    if (found == numbers_.end()) return std::nullopt;
    return found->second;
}

void TenantNumbers::learn(const Tenant& tenant, std::int64_t number) const {
    const std::unique_lock lock(mutex_);
    numbers_[tenant] = number;
    tenants_[number] = tenant;
}

void TenantNumbers::forget() const {
    const std::unique_lock lock(mutex_);
    numbers_.clear();
    tenants_.clear();
}

async::Task<Result<std::vector<std::int64_t>>> TenantNumbers::draw(std::vector<Tenant> tenants) {
    std::vector<std::int64_t> numbers;
    numbers.reserve(tenants.size());
    for (std::size_t i = 0; i < tenants.size(); ++i) {
        const auto& tenant = tenants[i];
        if (i > 0 && tenant == tenants[i - 1]) {
            numbers.push_back(numbers.back());
            continue;
        }
        if (const auto number = known(tenant)) {
            numbers.push_back(*number);
            continue;
        }
        auto work = [tenant](Session& session) { return draw_in(session, tenant); };
        auto drawn = co_await database_.write(std::move(work));
        if (!drawn) co_return std::move(drawn).error();
        learn(tenant, *drawn);
        numbers.push_back(*drawn);
    }
    co_return numbers;
}

Result<std::optional<std::int64_t>> TenantNumbers::number_of(Session& session,
                                                             const Tenant& tenant) const {
    if (const auto number = known(tenant)) return std::optional(*number);
    return find_in(session, tenant);
}

Result<Tenant> TenantNumbers::tenant_of(Session& session, std::int64_t number) const {
    {
        const std::shared_lock lock(mutex_);
        const auto found = tenants_.find(number);
        if (found != tenants_.end()) return found->second;
    }
    auto rows =
        session.query_with("select org_id, env_slug from job_tenants where num = ?", number);
    if (!rows) return std::move(rows).error();
    if (rows->empty()) return not_found("the organization of the job is gone");
    Tenant tenant{rows->front().text(0), rows->front().text(1)};
    // The transaction reads it, so it is committed, or was drawn by it: that never happens.
    learn(tenant, number);
    return tenant;
}

}  // namespace zs::relational
