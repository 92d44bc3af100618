#pragma once

#include "async/task.hpp"
#include "core/identity/access_cache.hpp"
#include "core/identity/client.hpp"
#include "core/identity/identity_config.hpp"
#include "core/identity/page.hpp"
#include "core/identity/password_hasher.hpp"
#include "core/identity/permission_store.hpp"
#include "core/identity/user_store.hpp"

#include <string>
#include <vector>

namespace zs::identity {

// What an operator at the machine says about a new user.
struct OperatorUser {
    std::optional<std::string> org_id;  // the default org when absent
    std::string email;
    Secret password;
    std::optional<std::string> name;
    std::vector<std::string> roles;  // the default role when empty
};

// Users as administrators see them. Source: http-api.md section 2. Threading: any.
// Errors: Forbidden when the caller lacks the right on permissions; another org's user is NotFound.
class UserService {
public:
    struct Ports {
        UserStore& users;
        PermissionStore& permissions;
        PasswordHasher& hasher;
        const TextNormalizer& normalizer;
        const Clock& clock;
    };
    UserService(Ports ports, AccessCache& cache, const IdentityConfig& config)
        : ports_(ports), cache_(cache), config_(config) {}

    async::Task<Result<Page<UserView>>> list(PrincipalPtr caller, UserFilter filter,
                                             PageRequest page);
    async::Task<Result<UserView>> find(PrincipalPtr caller, UserId id);
    // Errors: Forbidden "grant_exceeds_own", for what is given and for what is taken; Conflict
    // "last_admin", or when somebody else changed the user meanwhile.
    async::Task<Result<UserView>> update(PrincipalPtr caller, UserId id, UserPatch patch,
                                         Client client);

    // For operators at the machine itself.
    async::Task<Result<UserView>> create_by_operator(OperatorUser user);
    // Ends every session of the user. Errors: NotFound; InvalidArgument "weak_password".
    async::Task<Result<void>> set_password_by_operator(std::string email, Secret password);

private:
    async::Task<Result<void>> check_update(PrincipalPtr caller, User user, UserPatch patch);
    // Whether the caller holds all that `principals` together hold.
    async::Task<Result<void>> check_holds(PrincipalPtr caller, std::string org_id,
                                          std::vector<PrincipalKey> principals);
    async::Task<Result<std::string>> hash_checked(Secret password, std::string email);

    Ports ports_;
    AccessCache& cache_;
    const IdentityConfig& config_;
};

// Checks and normalises a patch: role aliases, list sizes, empty names.
Result<UserPatch> check_patch(UserPatch patch);

}  // namespace zs::identity
