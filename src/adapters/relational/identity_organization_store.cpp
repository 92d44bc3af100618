#include "adapters/relational/identity_organization_store.hpp"

#include "adapters/relational/identity_sql.hpp"
#include "base/json_writer.hpp"

namespace zs::relational {

using namespace identity_sql;
using identity::AuditEntry;
using identity::Environment;
using identity::Organization;
using identity::OrganizationList;
using identity::OrganizationPatch;
using identity::OrganizationQuery;

namespace {
constexpr std::string_view kColumns =
    "id, name, slug, description, logo_url, plan, settings, is_active, created_at, updated_at";

Organization organization_of(const Row& row) {
    Organization organization;
    organization.id = row.text(0);
    organization.name = row.text(1);
    organization.slug = row.text(2);
    organization.description = row.maybe_text(3);
    organization.logo_url = row.maybe_text(4);
    organization.plan = row.text(5);
    organization.settings = object_of(row.text(6));
    organization.is_active = row.boolean(7);
    organization.created_at = row.time(8);
    organization.updated_at = row.time(9);
    return organization;
}

Result<Organization> find_org(Session& session, const std::string& id) {
    auto rows = session.query_with(
        "select " + std::string(kColumns) + " from organizations where id = ?", id);
    if (!rows) return rows.error();
    if (rows->empty()) return not_found("there is no such organization");
    return organization_of(rows->front());
}

Result<void> check_slug_free(Session& session, const Organization& organization) {
    auto taken = session.query_with("select 1 from organizations where slug = ? and id <> ?",
                                    organization.slug, organization.id);
    if (!taken) return taken.error();
    if (taken->empty()) return {};
    return conflict("another organization has the slug '" + organization.slug + "'", "slug_exists");
}

Result<void> insert_org(Session& session, const Organization& org) {
    auto added = session.execute_with("insert into organizations (" + std::string(kColumns)
                                          + ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                      org.id, org.name, org.slug, org.description, org.logo_url,
                                      org.plan, write_json(org.settings), org.is_active,
                                      org.created_at, org.updated_at);
    if (!added) return added.error();
    return {};
}

Result<void> store_org(Session& session, const Organization& org) {
    auto stored = session.execute_with(
        "update organizations set name = ?, slug = ?, description = ?, logo_url = ?, settings = ?,"
        " is_active = ?, updated_at = ? where id = ?",
        org.name, org.slug, org.description, org.logo_url, write_json(org.settings), org.is_active,
        org.updated_at, org.id);
    if (!stored) return stored.error();
    return {};
}

Organization apply(const OrganizationPatch& patch, Organization org) {
    if (patch.name) org.name = *patch.name;
    if (patch.slug) org.slug = *patch.slug;
    if (patch.description) org.description = *patch.description;
    if (patch.logo_url) org.logo_url = *patch.logo_url;
    if (patch.settings) org.settings = *patch.settings;
    if (patch.is_active) org.is_active = *patch.is_active;
    return org;
}

Result<void> finish(Session& session, const AuditEntry& audit, Timestamp now) {
    if (auto bumped = bump_rights(session); !bumped) return bumped;
    return append_audit(session, audit, now);
}
}  // namespace

async::Task<Result<void>> SqlOrganizationStore::ensure(std::string org_id) {
    auto work = [org_id = std::move(org_id), clock = &clock_](Session& session) -> Result<void> {
        if (auto begun = begin_change(session); !begun) return begun;
        return ensure_org(session, org_id, *clock);
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<OrganizationList>> SqlOrganizationStore::list(OrganizationQuery query) {
    auto work = [query = std::move(query)](Session& session) -> Result<OrganizationList> {
        const std::string condition = query.only ? " where id = ?" : "";
        std::vector<Value> params;
        if (query.only) params.emplace_back(*query.only);
        auto total = session.query("select count(*) from organizations" + condition, params);
        if (!total) return total.error();
        params.push_back(to_value(query.limit));
        params.push_back(to_value(query.offset));
        auto rows =
            session.query("select " + std::string(kColumns) + " from organizations" + condition
                              + " order by created_at desc, id desc limit ? offset ?",
                          params);
        if (!rows) return rows.error();
        OrganizationList list;
        list.total = total->front().integer(0);
        for (const auto& row : *rows)
            list.items.push_back(organization_of(row));
        return list;
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<Organization>> SqlOrganizationStore::find(std::string id) {
    auto work = [id = std::move(id)](Session& session) { return find_org(session, id); };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<Organization>> SqlOrganizationStore::add(Organization organization,
                                                            AuditEntry audit) {
    auto work = [organization = std::move(organization), audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<Organization> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        if (auto free = check_slug_free(session, organization); !free) return free.error();
        if (auto added = insert_org(session, organization); !added) return added.error();
        auto environments = add_environments(session, organization.id, *clock);
        if (!environments) return environments.error();
        auto logged = append_audit(session, audit, clock->now());
        if (!logged) return logged.error();
        return organization;
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<Organization>> SqlOrganizationStore::update(std::string id,
                                                               OrganizationPatch patch,
                                                               AuditEntry audit) {
    auto work = [id = std::move(id), patch = std::move(patch), audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<Organization> {
        if (auto begun = begin_change(session); !begun) return begun.error();
        auto org = find_org(session, id);
        if (!org) return org;
        *org = apply(patch, std::move(*org));
        org->updated_at = clock->now();
        if (auto free = check_slug_free(session, *org); !free) return free.error();
        if (auto stored = store_org(session, *org); !stored) return stored.error();
        auto finished = finish(session, audit, clock->now());
        if (!finished) return finished.error();
        return org;
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlOrganizationStore::remove(std::string id, AuditEntry audit) {
    auto work = [id = std::move(id), audit = std::move(audit),
                 clock = &clock_](Session& session) -> Result<void> {
        if (auto begun = begin_change(session); !begun) return begun;
        auto org = find_org(session, id);
        if (!org) return org.error();
        auto users = session.query_with("select 1 from users where org_id = ? limit 1", id);
        if (!users) return users.error();
        if (!users->empty()) {
            return conflict("the organization still has users", "organization_not_empty");
        }
        auto erased = session.execute_with("delete from organizations where id = ?", id);
        if (!erased) return erased.error();
        return finish(session, audit, clock->now());
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::vector<Environment>>> SqlEnvironmentStore::list(std::string org_id) {
    auto work = [org_id = std::move(org_id)](Session& session) {
        return environments_of(session, org_id);
    };
    co_return co_await database_.read(std::move(work));
}

}  // namespace zs::relational
