#include "core/identity/user.hpp"

namespace zs::identity {

std::string_view to_text(UserStatus status) noexcept {
    return status == UserStatus::Active ? "active" : "disabled";
}

Result<UserStatus> parse_text(std::type_identity<UserStatus>, std::string_view text) {
    if (text == "active") return UserStatus::Active;
    if (text == "disabled") return UserStatus::Disabled;
    return invalid_argument("'" + std::string(text.substr(0, 40))
                            + "' is not a status: use active or disabled");
}

UserView view_of(const User& user) {
    UserView view;
    view.id = user.id;
    view.email = user.email;
    view.name = user.name;
    view.status = user.status;
    view.roles = user.roles;
    view.labels = user.labels;
    view.groups = user.groups;
    view.teams = user.teams;
    view.created_at = user.created_at;
    view.last_login_at = user.last_login_at;
    return view;
}

bool may_sign_in(const User& user) {
    return user.status == UserStatus::Active && user.org_active;
}

User apply(UserPatch patch, User user) {
    if (patch.name) user.name = std::move(*patch.name);
    if (user.name && user.name->empty()) user.name.reset();
    if (patch.roles) user.roles = std::move(*patch.roles);
    if (patch.labels) user.labels = std::move(*patch.labels);
    if (patch.groups) user.groups = std::move(*patch.groups);
    if (patch.status) user.status = *patch.status;
    return user;
}

UserSummary summary_of(const User& user) {
    UserSummary summary;
    summary.id = user.id;
    summary.email = user.email;
    summary.name = user.name;
    summary.roles = user.roles;
    return summary;
}

std::string canonical_role(std::string_view role) {
    if (role == "user") return std::string(kRoleOperator);
    if (role == "viewer") return std::string(kRoleReader);
    return std::string(role);
}

}  // namespace zs::identity
