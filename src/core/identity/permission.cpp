#include "core/identity/permission.hpp"

#include "base/encoding.hpp"
#include "core/identity/limits.hpp"
#include "core/identity/permission_store.hpp"

namespace zs::identity {
namespace {
constexpr std::array<std::string_view, 6> kKinds = {"user", "group", "label",
                                                    "role", "team",  "team_role"};
constexpr std::string_view kTablePrefix = "tables/";

Error wrong_id(std::string message) {
    return invalid_field("principal.id", "'principal.id' " + std::move(message));
}

Result<void> check_id(std::string_view id) {
    if (id.empty() || id.size() > kPrincipalIdBytesMax) {
        return wrong_id("must have 1 to 255 bytes");
    }
    if (id.find('\0') != id.npos || id.find('/') != id.npos || id.find("..") != id.npos) {
        return wrong_id("must not hold NUL, '/' or '..'");
    }
    return {};
}

Result<std::string> team_role_id(const boost::json::value& id) {
    const auto* object = id.if_object();
    const auto text_of = [object](std::string_view name) -> std::string {
        const auto* member = object == nullptr ? nullptr : object->if_contains(name);
        if (member == nullptr || !member->is_string()) return {};
        return {member->get_string().data(), member->get_string().size()};
    };
    const auto team = TeamId::parse(text_of("team_id"));
    const auto role = parse_text(std::type_identity<TeamRole>{}, text_of("role"));
    if (!team || !role) {
        return wrong_id(
            "of a team_role must be {\"team_id\": a UUID, \"role\": owner, admin, member or "
            "viewer}");
    }
    return team->to_string() + "/" + std::string(to_text(*role));
}
}  // namespace

std::string_view to_text(PrincipalKind kind) noexcept {
    return kKinds[static_cast<std::size_t>(kind)];
}

Result<PrincipalKind> parse_text(std::type_identity<PrincipalKind>, std::string_view text) {
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
        if (kKinds[i] == text) return static_cast<PrincipalKind>(i);
    }
    return invalid_argument("'" + std::string(text.substr(0, 40)) +
                            "' is not a kind of principal: use one of user, group, label, role, "
                            "team, team_role");
}

Result<PrincipalKey> to_key(const PrincipalRef& ref) {
    PrincipalKey key;
    key.kind = ref.kind;
    if (ref.kind == PrincipalKind::TeamRole) {
        auto id = team_role_id(ref.id);
        if (!id) return id.error();
        key.id = std::move(*id);
        return key;
    }
    const auto* text = ref.id.if_string();
    if (text == nullptr) return unprocessable("'principal.id' must be text", "principal.id");
    key.id.assign(text->data(), text->size());
    if (auto checked = check_id(key.id); !checked) return checked.error();
    if (ref.kind == PrincipalKind::Role) key.id = canonical_role(key.id);
    if (ref.kind == PrincipalKind::User || ref.kind == PrincipalKind::Team) {
        const auto uuid = Uuid::parse(key.id);
        if (!uuid) return wrong_id("of a user or team must be its UUID");
        key.id = uuid->to_string();
    }
    return key;
}

PrincipalRef to_ref(const PrincipalKey& key) {
    PrincipalRef ref;
    ref.kind = key.kind;
    const auto slash = key.id.find('/');
    if (key.kind == PrincipalKind::TeamRole && slash != std::string::npos) {
        boost::json::object id;
        id["team_id"] = json_text(key.id.substr(0, slash));
        id["role"] = json_text(key.id.substr(slash + 1));
        ref.id = std::move(id);
    } else {
        ref.id = json_text(key.id);
    }
    return ref;
}

std::string to_text(const ResourceRef& ref) {
    return ref.table.empty() ? std::string(to_text(ref.resource))
                             : std::string(kTablePrefix) + ref.table;
}

Result<ResourceRef> parse_text(std::type_identity<ResourceRef>, std::string_view text) {
    ResourceRef ref;
    if (text.starts_with(kTablePrefix)) {
        ref.resource = Resource::Tables;
        ref.table = to_lower(text.substr(kTablePrefix.size()));
        const bool fits = !ref.table.empty() && ref.table.size() <= kTableNameBytesMax;
        if (!fits || ref.table.find('\0') != std::string::npos) {
            return invalid_argument("'tables/' must be followed by the name of a table");
        }
        return ref;
    }
    auto resource = parse_text(std::type_identity<Resource>{}, text);
    if (!resource) return resource.error();
    ref.resource = *resource;
    return ref;
}

PermissionView view_of(const PermissionRecord& record) {
    PermissionView view;
    view.id = record.id;
    view.principal = to_ref(record.principal);
    view.resource = record.resource;
    view.allow = record.allow.to_vector();
    view.created_at = record.created_at;
    view.updated_at = record.updated_at;
    return view;
}

EffectiveRights effective_of(const Rights& rights) {
    const auto on = [&rights](Resource resource) { return rights.on(resource).to_vector(); };
    EffectiveRights out;
    out.collections = on(Resource::Collections);
    out.tables = on(Resource::Tables);
    out.indexes = on(Resource::Indexes);
    out.jobs = on(Resource::Jobs);
    out.files = on(Resource::Files);
    out.permissions = on(Resource::Permissions);
    out.workflows = on(Resource::Workflows);
    out.documents = on(Resource::Documents);
    out.rooms = on(Resource::Rooms);
    return out;
}

RightSet to_set(const std::vector<Right>& rights) {
    RightSet set;
    for (const Right right : rights)
        set.add(right);
    return set;
}

std::string sort_key(const PermissionRecord& record) {
    // NUL sorts before everything that an id can hold.
    std::string key(to_text(record.principal.kind));
    key += '\0';
    key += record.principal.id;
    key += '\0';
    key += to_text(record.resource);
    return key;
}

}  // namespace zs::identity
