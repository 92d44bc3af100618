#include "core/identity/account.hpp"

namespace zs::identity {

Whoami whoami_of(const Principal& principal) {
    Whoami whoami;
    whoami.user_id = principal.user_id;
    whoami.email = principal.email;
    whoami.org_id = principal.tenant.org_id;
    whoami.env_id = principal.environment_id;
    whoami.env_slug = principal.tenant.env_slug;
    whoami.roles = principal.roles;
    whoami.labels = principal.labels;
    whoami.token_kind = to_text(principal.token_kind);
    whoami.token_id = principal.token_id.to_string();
    return whoami;
}

}  // namespace zs::identity
