#pragma once

#include "base/clock.hpp"
#include "core/identity/principal.hpp"

#include <boost/describe/class.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace zs::identity {

enum class TeamRole { Owner, Admin, Member, Viewer };
std::string_view to_text(TeamRole role) noexcept;  // owner, admin, member, viewer
Result<TeamRole> parse_text(std::type_identity<TeamRole>, std::string_view text);

// A user's place in one team, as a user's record shows it.
struct TeamMembership {
    TeamId team_id;
    TeamRole role = TeamRole::Member;
    bool operator==(const TeamMembership&) const = default;
};
BOOST_DESCRIBE_STRUCT(TeamMembership, (), (team_id, role))

struct Team {
    TeamId id;
    std::string organization_id;
    std::string name;
    std::optional<std::string> description;
    Timestamp created_at;
    Timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(Team, (), (id, organization_id, name, description, created_at, updated_at))

struct TeamMember {
    UserId user_id;
    TeamRole role = TeamRole::Member;
    std::string email;
    std::optional<std::string> name;
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(TeamMember, (), (user_id, role, email, name, created_at))

struct TeamRequest {
    std::optional<std::string> organization_id;  // the caller's own when absent
    std::string name;
    std::optional<std::string> description;
};
BOOST_DESCRIBE_STRUCT(TeamRequest, (), (organization_id, name, description))

struct TeamPatch {
    std::optional<std::string> name;
    std::optional<std::string> description;
};
BOOST_DESCRIBE_STRUCT(TeamPatch, (), (name, description))

struct TeamMemberRequest {
    UserId user_id;
    std::optional<TeamRole> role;  // member when absent
};
BOOST_DESCRIBE_STRUCT(TeamMemberRequest, (), (user_id, role))

}  // namespace zs::identity
