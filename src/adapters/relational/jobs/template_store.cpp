#include "adapters/relational/jobs/template_store.hpp"

#include "base/json.hpp"
#include "base/json_writer.hpp"

namespace zs::relational {

using identity::Tenant;
using jobs::JobTemplate;

namespace {

constexpr std::string_view kSelect =
    "select name, description, spec, params_schema, created_by, created_at, updated_at"
    " from job_templates where org_id = ? and env_slug = ? and ";

Error no_such_template() {
    return not_found("there is no such template", "no_such_template");
}

Result<boost::json::object> object_of(const std::string& text) {
    auto value = parse_json(text);
    if (!value || !value->is_object()) return data_loss("a row of the templates cannot be read");
    return std::move(value->get_object());
}

Result<JobTemplate> template_of(const Row& row) {
    JobTemplate out;
    out.name = row.text(0);
    out.description = row.text(1);
    auto spec = object_of(row.text(2));
    if (!spec) return std::move(spec).error();
    out.spec = std::move(*spec);
    if (!row.is_null(3)) {
        auto schema = object_of(row.text(3));
        if (!schema) return std::move(schema).error();
        out.params_schema = std::move(*schema);
    }
    if (!row.is_null(4)) out.created_by = row.id<identity::UserId>(4);
    out.created_at = row.time(5);
    out.updated_at = row.time(6);
    return out;
}

std::optional<std::string> schema_text(const JobTemplate& from) {
    if (!from.params_schema) return std::nullopt;
    return write_json(*from.params_schema);
}

// Names are ordered by their bytes; collations differ.
std::string_view by_name(const Session& session) {
    return session.dialect() == Dialect::Postgres ? "name collate \"C\"" : "name";
}

Result<void> add_in(Session& session, const Tenant& tenant, const JobTemplate& added) {
    auto done = session.execute_with(
        "insert into job_templates (org_id, env_slug, name, description, spec, params_schema,"
        " created_by, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " on conflict (org_id, env_slug, name) do nothing",
        tenant.org_id, tenant.env_slug, added.name, added.description, write_json(added.spec),
        schema_text(added), added.created_by, added.created_at, added.updated_at);
    if (!done) return std::move(done).error();
    if (*done == 0) return conflict("a template of this name exists", "template_exists");
    return {};
}

Result<void> replace_in(Session& session, const Tenant& tenant, const JobTemplate& with) {
    auto done = session.execute_with(
        "update job_templates set description = ?, spec = ?, params_schema = ?, updated_at = ?"
        " where org_id = ? and env_slug = ? and name = ?",
        with.description, write_json(with.spec), schema_text(with), with.updated_at, tenant.org_id,
        tenant.env_slug, with.name);
    if (!done) return std::move(done).error();
    if (*done == 0) return no_such_template();
    return {};
}

Result<std::vector<JobTemplate>> list_in(Session& session, const Tenant& tenant,
                                         const std::string& after, std::size_t limit) {
    const std::string name(by_name(session));
    auto rows =
        session.query_with(std::string(kSelect) + name + " > ? order by " + name + " limit ?",
                           tenant.org_id, tenant.env_slug, after, limit);
    if (!rows) return std::move(rows).error();
    std::vector<JobTemplate> out;
    for (const auto& row : *rows) {
        auto one = template_of(row);
        if (!one) return std::move(one).error();
        out.push_back(std::move(*one));
    }
    return out;
}

}  // namespace

async::Task<Result<void>> SqlTemplateStore::add(Tenant tenant, JobTemplate job_template) {
    auto work = [tenant = std::move(tenant), added = std::move(job_template)](
                    Session& session) -> Result<void> { return add_in(session, tenant, added); };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlTemplateStore::replace(Tenant tenant, JobTemplate job_template) {
    auto work = [tenant = std::move(tenant), with = std::move(job_template)](
                    Session& session) -> Result<void> { return replace_in(session, tenant, with); };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<void>> SqlTemplateStore::remove(Tenant tenant, std::string name) {
    auto work = [tenant = std::move(tenant),
                 name = std::move(name)](Session& session) -> Result<void> {
        auto done = session.execute_with(
            "delete from job_templates where org_id = ? and env_slug = ? and name = ?",
            tenant.org_id, tenant.env_slug, name);
        if (!done) return std::move(done).error();
        if (*done == 0) return no_such_template();
        return {};
    };
    co_return co_await database_.write(std::move(work));
}

async::Task<Result<std::optional<JobTemplate>>> SqlTemplateStore::find(Tenant tenant,
                                                                       std::string name) {
    auto work = [tenant = std::move(tenant),
                 name = std::move(name)](Session& session) -> Result<std::optional<JobTemplate>> {
        auto rows = session.query_with(std::string(kSelect) + "name = ?", tenant.org_id,
                                       tenant.env_slug, name);
        if (!rows) return std::move(rows).error();
        if (rows->empty()) return std::optional<JobTemplate>();
        auto found = template_of(rows->front());
        if (!found) return std::move(found).error();
        return std::optional(std::move(*found));
    };
    co_return co_await database_.read(std::move(work));
}

async::Task<Result<std::vector<JobTemplate>>> SqlTemplateStore::list(Tenant tenant,
                                                                     std::string after,
                                                                     std::size_t limit) {
    auto work = [tenant = std::move(tenant), after = std::move(after), limit](Session& session) {
        return list_in(session, tenant, after, limit);
    };
    co_return co_await database_.read(std::move(work));
}

}  // namespace zs::relational
