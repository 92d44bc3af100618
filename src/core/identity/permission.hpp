#pragma once

#include "base/clock.hpp"
#include "core/identity/principal.hpp"
#include "core/identity/user.hpp"

#include <boost/describe/class.hpp>
#include <boost/json/value.hpp>

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// Permission records and how they become rights. Source: http-api.md section 3.
namespace zs::identity {

enum class PrincipalKind { User, Group, Label, Role, Team, TeamRole };
std::string_view to_text(PrincipalKind kind) noexcept;  // user, group, …, team_role
Result<PrincipalKind> parse_text(std::type_identity<PrincipalKind>, std::string_view text);

// Who a record speaks about, in the form it is stored and compared. A team role is "<team>/<role>".
struct PrincipalKey {
    PrincipalKind kind = PrincipalKind::User;
    std::string id;
    auto operator<=>(const PrincipalKey&) const = default;
};

// The same on the wire: for team_role, `id` is {"team_id", "role"}.
struct PrincipalRef {
    PrincipalKind kind = PrincipalKind::User;
    boost::json::value id;
};
BOOST_DESCRIBE_STRUCT(PrincipalRef, (), (kind, id))
Result<PrincipalKey> to_key(const PrincipalRef& ref);  // Errors: InvalidArgument, Unprocessable
PrincipalRef to_ref(const PrincipalKey& key);

// One of the nine resources, or one table: "tables/orders".
struct ResourceRef {
    Resource resource = Resource::Collections;
    std::string table;  // lower case; empty for the resource as a whole
    auto operator<=>(const ResourceRef&) const = default;
};
std::string to_text(const ResourceRef& ref);
Result<ResourceRef> parse_text(std::type_identity<ResourceRef>, std::string_view text);

struct PermissionRecord {
    PermissionId id;
    std::string org_id;
    PrincipalKey principal;
    ResourceRef resource;
    RightSet allow;
    Timestamp created_at;
    Timestamp updated_at;
};

struct PermissionView {
    PermissionId id;
    PrincipalRef principal;
    ResourceRef resource;
    std::vector<Right> allow;
    Timestamp created_at;
    Timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(PermissionView, (), (id, principal, resource, allow, created_at, updated_at))
PermissionView view_of(const PermissionRecord& record);

struct PermissionRequest {
    PrincipalRef principal;
    ResourceRef resource;
    std::vector<Right> allow;
};
BOOST_DESCRIBE_STRUCT(PermissionRequest, (), (principal, resource, allow))

// PUT /v1/permissions/{id}: principal and resource, when sent, must be those of the record.
struct PermissionPatch {
    std::optional<PrincipalRef> principal;
    std::optional<ResourceRef> resource;
    std::vector<Right> allow;
};
BOOST_DESCRIBE_STRUCT(PermissionPatch, (), (principal, resource, allow))

struct PermissionFilter {
    std::optional<PrincipalKind> kind;
    std::optional<std::string> principal_id;  // for team_role: "<team>/<role>"
    std::optional<ResourceRef> resource;
};

struct EffectiveRights {
    std::vector<Right> collections, tables, indexes, jobs, files, permissions, workflows, documents,
        rooms;
};
BOOST_DESCRIBE_STRUCT(EffectiveRights, (),
                      (collections, tables, indexes, jobs, files, permissions, workflows, documents,
                       rooms))
EffectiveRights effective_of(const Rights& rights);

// The right a principal has on a resource when no record says otherwise.
RightSet default_rights(const PrincipalKey& principal, Resource resource);

// Everything whose rights a user has: the user, groups, labels, roles, teams, team roles.
std::vector<PrincipalKey> principals_of(const User& user);

// The union over `principals`, each with its record or else its default. Records of others are
// ignored.
Rights resolve_rights(const std::vector<PrincipalKey>& principals,
                      const std::vector<PermissionRecord>& records);

RightSet to_set(const std::vector<Right>& rights);
// True when every right in `inner` is in `outer`, tables included.
bool covers(const Rights& outer, const Rights& inner);

}  // namespace zs::identity
