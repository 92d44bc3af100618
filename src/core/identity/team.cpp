#include "core/identity/team.hpp"

namespace zs::identity {

std::string_view to_text(TeamRole role) noexcept {
    switch (role) {
        case TeamRole::Owner: return "owner";
        case TeamRole::Admin: return "admin";
        case TeamRole::Member: return "member";
        case TeamRole::Viewer: return "viewer";
    }
    return "viewer";
}

Result<TeamRole> parse_text(std::type_identity<TeamRole>, std::string_view text) {
    for (const auto role : {TeamRole::Owner, TeamRole::Admin, TeamRole::Member, TeamRole::Viewer}) {
        if (text == to_text(role)) return role;
    }
    return invalid_argument("'" + std::string(text.substr(0, 40))
                            + "' is not a team role: use one of owner, admin, member, viewer");
}

}  // namespace zs::identity
