#include "core/identity/organization_service.hpp"

#include "base/encoding.hpp"
#include "core/identity/limits.hpp"

namespace zs::identity {
namespace {
std::string org_object(const std::string& id) {
    return "organization/" + id;
}

Error no_such_org() {
    return not_found("there is no such organization");
}

Result<void> check_text(std::string_view field, const std::string& text, std::size_t bytes_max) {
    if (text.size() <= bytes_max && is_utf8(text)) return {};
    return invalid_field(field, "'" + std::string(field) + "' must be UTF-8 of at most "
                                    + std::to_string(bytes_max) + " bytes");
}

Result<void> check_patch(const OrganizationPatch& patch) {
    if (patch.name) {
        if (trim(*patch.name).empty()) return invalid_field("name", "'name' must not be empty");
        if (auto done = check_text("name", *patch.name, kNameBytesMax); !done) return done;
    }
    if (patch.slug) {
        if (auto done = check_slug(*patch.slug); !done) return done;
    }
    if (patch.description) {
        auto done = check_text("description", *patch.description, kDescriptionBytesMax);
        if (!done) return done;
    }
    if (patch.logo_url) return check_text("logo_url", *patch.logo_url, kDescriptionBytesMax);
    return {};
}
}  // namespace

Result<void> check_window(int limit, std::int64_t offset) {
    if (limit < 1 || limit > kPageMax) {
        return invalid_field("limit", "'limit' must be between 1 and 1000");
    }
    if (offset < 0) return invalid_field("offset", "'offset' must not be negative");
    return {};
}

bool OrganizationService::sees_all(const Principal& caller) const {
    return caller.tenant.org_id == config_.default_org && is_admin(caller);
}

Result<void> OrganizationService::check_visible(const Principal& caller,
                                                const std::string& id) const {
    if (caller.tenant.org_id == id || sees_all(caller)) return {};
    return no_such_org();
}

async::Task<Result<OrganizationList>> OrganizationService::list(PrincipalPtr caller, int limit,
                                                                std::int64_t offset) {
    if (auto window = check_window(limit, offset); !window) co_return window.error();
    OrganizationQuery query;
    if (!sees_all(*caller)) query.only = caller->tenant.org_id;
    query.limit = limit;
    query.offset = offset;
    co_return co_await store_.list(std::move(query));
}

async::Task<Result<Organization>> OrganizationService::find(PrincipalPtr caller, std::string id) {
    if (auto visible = check_visible(*caller, id); !visible) co_return visible.error();
    co_return co_await store_.find(std::move(id));
}

async::Task<Result<Organization>> OrganizationService::create(PrincipalPtr caller,
                                                              OrganizationRequest request,
                                                              Client client) {
    if (auto admin = require_admin(*caller); !admin) co_return admin.error();
    if (!sees_all(*caller)) {
        co_return forbidden("only administrators of the default organization make others");
    }
    OrganizationPatch fields;
    fields.name = request.name;
    fields.slug = request.slug ? *request.slug : slug_from_name(request.name);
    fields.description = request.description;
    fields.logo_url = request.logo_url;
    if (auto checked = check_patch(fields); !checked) co_return checked.error();
    Organization organization;
    organization.id = Uuid::next(clock_).to_string();
    organization.name = std::move(*fields.name);
    organization.slug = std::move(*fields.slug);
    organization.description = std::move(fields.description);
    organization.logo_url = std::move(fields.logo_url);
    if (request.settings) organization.settings = std::move(*request.settings);
    organization.created_at = clock_.now();
    organization.updated_at = organization.created_at;
    auto audit = audit_by(*caller, client, "organization.create", org_object(organization.id));
    co_return co_await store_.add(std::move(organization), std::move(audit));
}

async::Task<Result<Organization>> OrganizationService::update(PrincipalPtr caller, std::string id,
                                                              OrganizationPatch patch,
                                                              Client client) {
    if (auto visible = check_visible(*caller, id); !visible) co_return visible.error();
    if (auto admin = require_admin(*caller); !admin) co_return admin.error();
    if (auto checked = check_patch(patch); !checked) co_return checked.error();
    if (patch.is_active && !*patch.is_active && id == config_.default_org) {
        co_return conflict("the default organization cannot be disabled");
    }
    auto audit = audit_by(*caller, client, "organization.update", org_object(id));
    auto done = co_await store_.update(std::move(id), std::move(patch), std::move(audit));
    if (done) cache_.rights_changed();
    co_return done;
}

async::Task<Result<void>> OrganizationService::remove(PrincipalPtr caller, std::string id,
                                                      Client client) {
    if (auto visible = check_visible(*caller, id); !visible) co_return visible.error();
    if (auto admin = require_admin(*caller); !admin) co_return admin.error();
    if (id == config_.default_org) {
        co_return conflict("the default organization cannot be deleted");
    }
    auto audit = audit_by(*caller, client, "organization.delete", org_object(id));
    auto done = co_await store_.remove(std::move(id), std::move(audit));
    if (done) cache_.rights_changed();
    co_return done;
}

}  // namespace zs::identity
