#pragma once

#include "base/clock.hpp"
#include "core/identity/team.hpp"

#include <boost/describe/class.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace zs::identity {

enum class UserStatus { Active, Disabled };
std::string_view to_text(UserStatus status) noexcept;  // active, disabled
Result<UserStatus> parse_text(std::type_identity<UserStatus>, std::string_view text);

inline constexpr std::string_view kRoleAdmin = "admin";
inline constexpr std::string_view kRoleOperator = "operator";
inline constexpr std::string_view kRoleReader = "reader";

struct User {
    UserId id;
    std::string org_id;
    std::string email;
    std::optional<std::string> name;
    std::string password_hash;
    UserStatus status = UserStatus::Active;
    bool org_active = true;  // a disabled org disables its users
    std::vector<std::string> roles;
    std::vector<std::string> labels;
    std::vector<std::string> groups;
    std::vector<TeamMembership> teams;
    Timestamp created_at;
    Timestamp updated_at;
    std::optional<Timestamp> last_login_at;
};

// What others may see of a user.
struct UserView {
    UserId id;
    std::string email;
    std::optional<std::string> name;
    UserStatus status = UserStatus::Active;
    std::vector<std::string> roles;
    std::vector<std::string> labels;
    std::vector<std::string> groups;
    std::vector<TeamMembership> teams;
    Timestamp created_at;
    std::optional<Timestamp> last_login_at;
};
BOOST_DESCRIBE_STRUCT(UserView, (),
                      (id, email, name, status, roles, labels, groups, teams, created_at,
                       last_login_at))
UserView view_of(const User& user);
bool may_sign_in(const User& user);

// As it stands in a token bundle.
struct UserSummary {
    UserId id;
    std::string email;
    std::optional<std::string> name;
    std::vector<std::string> roles;
};
BOOST_DESCRIBE_STRUCT(UserSummary, (), (id, email, name, roles))
UserSummary summary_of(const User& user);

// Absent fields stay as they are.
struct UserPatch {
    std::optional<std::string> name;
    std::optional<std::vector<std::string>> roles;
    std::optional<std::vector<std::string>> labels;
    std::optional<std::vector<std::string>> groups;
    std::optional<UserStatus> status;
    // The updated_at of the user that was checked; another one is a Conflict. Never from a client.
    std::optional<Timestamp> seen;
};
BOOST_DESCRIBE_STRUCT(UserPatch, (), (name, roles, labels, groups, status))
// `user` as it is after the patch. Stores use it, so that all of them agree.
User apply(UserPatch patch, User user);

struct UserFilter {
    std::optional<std::string> email;
    std::optional<UserStatus> status;
};
BOOST_DESCRIBE_STRUCT(UserFilter, (), (email, status))

// "user" and "viewer" are accepted for operator and reader.
std::string canonical_role(std::string_view role);

}  // namespace zs::identity
