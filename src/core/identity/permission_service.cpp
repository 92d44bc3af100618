#include "core/identity/permission_service.hpp"

namespace zs::identity {
namespace {
std::string object_of(const PermissionRecord& record) {
    return "permission/" + std::string(to_text(record.principal.kind)) + ":" + record.principal.id
           + "/" + to_text(record.resource);
}

AuditEntry audit_of(const Principal& caller, const Client& client, std::string_view action,
                    const PermissionRecord& record) {
    auto audit = audit_by(caller, client, action, object_of(record));
    boost::json::array allow;
    for (const Right right : record.allow.to_vector())
        allow.push_back(json_text(to_text(right)));
    audit.details["allow"] = std::move(allow);
    return audit;
}

std::string names_of(RightSet set) {
    std::string names;
    for (const Right right : set.to_vector()) {
        names += (names.empty() ? "" : ", ") + std::string(to_text(right));
    }
    return names;
}

Error exceeds(const ResourceRef& resource, RightSet allow) {
    return forbidden("nobody grants a right they do not hold: you would need " + to_text(resource)
                         + ": " + names_of(allow),
                     "grant_exceeds_own")
        .with("resource", to_text(resource));
}

// What the caller holds where a record speaks.
RightSet own_on(const Principal& caller, const ResourceRef& resource) {
    return resource.table.empty() ? caller.rights->on(resource.resource)
                                  : caller.rights->on_table(resource.table);
}

// A change to what a principal holds on one resource: both ways need the rights in question, so
// that nobody disarms those above them. Everybody may give up their own.
Result<void> check_change(const Principal& caller, const PermissionRecord& record, RightSet before,
                          RightSet after) {
    const RightSet gained = after.without(before);
    if (auto grant = check_grant(caller, record.resource, gained); !grant) return grant;
    const bool own = record.principal.kind == PrincipalKind::User && !caller.narrowed
                     && record.principal.id == caller.user_id.to_string();
    if (own) return {};
    return check_grant(caller, record.resource, before.without(after));
}

Result<PermissionRecord> record_of(const Principal& caller, const PermissionRequest& request,
                                   const Clock& clock) {
    PermissionRecord record;
    auto key = to_key(request.principal);
    if (!key) return key.error();
    record.id = PermissionId::next(clock);
    record.org_id = caller.tenant.org_id;
    record.principal = std::move(*key);
    record.resource = request.resource;
    record.allow = to_set(request.allow);
    record.created_at = clock.now();
    record.updated_at = record.created_at;
    return record;
}
}  // namespace

Result<void> require(const Principal& caller, Resource resource, Right right) {
    if (caller.rights->allows(resource, right)) return {};
    return missing_right(resource, right);
}

Result<void> check_grant(const Principal& caller, const ResourceRef& resource, RightSet allow) {
    bool covered = own_on(caller, resource).covers(allow);
    if (resource.resource == Resource::Tables && resource.table.empty()) {
        // A grant on all tables reaches those that are closed to the caller.
        for (const auto& [table, own] : caller.rights->tables())
            covered = covered && own.covers(allow);
    }
    if (covered) return {};
    return exceeds(resource, allow);
}

Result<void> check_grant(const Principal& caller, const Rights& granted) {
    for (std::size_t i = 0; i < kResourceCount; ++i) {
        ResourceRef resource;
        resource.resource = static_cast<Resource>(i);
        const RightSet wanted = granted.on(resource.resource);
        if (!own_on(caller, resource).covers(wanted)) return exceeds(resource, wanted);
    }
    if (covers(*caller.rights, granted)) return {};
    return forbidden("nobody grants a right they do not hold: a right on a single table is missing",
                     "grant_exceeds_own");
}

async::Task<Result<Page<PermissionView>>> PermissionService::list(PrincipalPtr caller,
                                                                  PermissionFilter filter,
                                                                  PageRequest page) {
    auto allowed = require(*caller, Resource::Permissions, Right::Read);
    if (!allowed) co_return allowed.error();
    if (auto limit = check_limit(page); !limit) co_return limit.error();
    std::string filters = "permissions";
    if (filter.kind) filters += "|k" + std::string(to_text(*filter.kind));
    if (filter.principal_id) filters += "|p" + *filter.principal_id;
    if (filter.resource) filters += "|r" + to_text(*filter.resource);
    std::optional<std::string> after;
    if (page.cursor) {
        auto key = read_cursor(filters, *page.cursor);
        if (!key) co_return key.error();
        after = std::move(*key);
    }
    auto records = co_await store_.list(caller->tenant.org_id, std::move(filter), std::move(after),
                                        page.limit + 1);
    if (!records) co_return records.error();
    auto cut = make_page(std::move(*records), page, filters, sort_key);
    Page<PermissionView> out;
    out.next_cursor = std::move(cut.next_cursor);
    for (const auto& record : cut.items)
        out.items.push_back(view_of(record));
    co_return out;
}

async::Task<Result<PermissionView>> PermissionService::find(PrincipalPtr caller, PermissionId id) {
    auto allowed = require(*caller, Resource::Permissions, Right::Read);
    if (!allowed) co_return allowed.error();
    auto record = co_await store_.find(caller->tenant.org_id, id);
    if (!record) co_return record.error();
    co_return view_of(*record);
}

async::Task<Result<PermissionView>> PermissionService::create(PrincipalPtr caller,
                                                              PermissionRequest request,
                                                              Client client) {
    auto allowed = require(*caller, Resource::Permissions, Right::Create);
    if (!allowed) co_return allowed.error();
    auto record = record_of(*caller, request, clock_);
    if (!record) co_return record.error();
    auto grant = co_await check_record(caller, *record);
    if (!grant) co_return grant.error();
    auto audit = audit_of(*caller, client, "permission.create", *record);
    auto added = co_await store_.add(std::move(*record), std::move(audit));
    if (!added) co_return added.error();
    cache_.rights_changed();
    tell(PermissionChange::Kind::Created, *added);
    co_return view_of(*added);
}

async::Task<Result<RightSet>> PermissionService::held(PermissionRecord record, bool with_it) {
    const std::vector<PrincipalKey> principals(1, record.principal);
    auto records = co_await store_.of_principals(record.org_id, principals);
    if (!records) co_return records.error();
    if (!with_it) {
        std::erase_if(*records, [&](const auto& other) { return other.id == record.id; });
    }
    const Rights rights = resolve_rights(principals, *records);
    co_return record.resource.table.empty() ? rights.on(record.resource.resource)
                                            : rights.on_table(record.resource.table);
}

async::Task<Result<void>> PermissionService::check_record(PrincipalPtr caller,
                                                          PermissionRecord record) {
    // All of it, not only what is new: it also vouches for what it repeats.
    auto grant = check_grant(*caller, record.resource, record.allow);
    if (!grant) co_return grant.error();
    const auto before = co_await held(record, true);
    if (!before) co_return before.error();
    co_return check_change(*caller, record, *before, record.allow);
}

async::Task<Result<PermissionRecord>> PermissionService::put(PrincipalPtr caller,
                                                             PermissionRecord record,
                                                             AuditEntry audit) {
    auto grant = co_await check_record(caller, record);
    if (!grant) co_return grant.error();
    const bool is_new = record.created_at == record.updated_at;
    auto done = co_await store_.put(std::move(record), std::move(audit));
    if (!done) co_return done;
    cache_.rights_changed();
    tell(is_new && done->created_at == done->updated_at ? PermissionChange::Kind::Created
                                                        : PermissionChange::Kind::Updated,
         *done);
    co_return done;
}

async::Task<Result<PermissionView>> PermissionService::upsert(PrincipalPtr caller,
                                                              PermissionRequest request,
                                                              Client client) {
    auto allowed = require(*caller, Resource::Permissions, Right::Update);
    if (!allowed) co_return allowed.error();
    auto record = record_of(*caller, request, clock_);
    if (!record) co_return record.error();
    auto audit = audit_of(*caller, client, "permission.update", *record);
    auto done = co_await put(std::move(caller), std::move(*record), std::move(audit));
    if (!done) co_return done.error();
    co_return view_of(*done);
}

async::Task<Result<PermissionView>> PermissionService::update(PrincipalPtr caller, PermissionId id,
                                                              PermissionPatch patch,
                                                              Client client) {
    auto allowed = require(*caller, Resource::Permissions, Right::Update);
    if (!allowed) co_return allowed.error();
    auto record = co_await store_.find(caller->tenant.org_id, id);
    if (!record) co_return record.error();
    if (patch.principal) {
        const auto key = to_key(*patch.principal);
        if (!key) co_return key.error();
        if (*key != record->principal) {
            co_return invalid_field("principal", "'principal' must be that of the record");
        }
    }
    if (patch.resource && *patch.resource != record->resource) {
        co_return invalid_field("resource", "'resource' must be that of the record");
    }
    record->allow = to_set(patch.allow);
    record->updated_at = clock_.now();
    auto audit = audit_of(*caller, client, "permission.update", *record);
    auto done = co_await put(std::move(caller), std::move(*record), std::move(audit));
    if (!done) co_return done.error();
    co_return view_of(*done);
}

void PermissionService::tell(PermissionChange::Kind kind, const PermissionRecord& record) {
    if (!changed_) return;
    PermissionChange change;
    change.kind = kind;
    change.record = record;
    changed_(change);
}

async::Task<Result<void>> PermissionService::remove(PrincipalPtr caller, PermissionId id,
                                                    Client client) {
    auto allowed = require(*caller, Resource::Permissions, Right::Delete);
    if (!allowed) co_return allowed.error();
    auto record = co_await store_.find(caller->tenant.org_id, id);
    if (!record) co_return record.error();
    // What applies again is a grant, too.
    const auto regained = co_await held(*record, false);
    if (!regained) co_return regained.error();
    auto change = check_change(*caller, *record, record->allow, *regained);
    if (!change) co_return change.error();
    auto audit = audit_of(*caller, client, "permission.delete", *record);
    auto removed = co_await store_.remove(caller->tenant.org_id, id, std::move(audit));
    if (!removed) co_return removed.error();
    cache_.rights_changed();
    tell(PermissionChange::Kind::Deleted, *record);
    co_return Result<void>();
}

}  // namespace zs::identity
