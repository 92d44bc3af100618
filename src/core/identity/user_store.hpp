#pragma once

#include "async/task.hpp"
#include "core/identity/audit.hpp"
#include "core/identity/identity_config.hpp"
#include "core/identity/page.hpp"
#include "core/identity/user.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::identity {

struct NewUser {
    UserId id;
    std::string org_id;
    std::string email;  // normalised
    std::optional<std::string> name;
    std::string password_hash;
    std::vector<std::string> roles;
    Timestamp created_at;
};

struct PasswordChange {
    std::string org_id;
    UserId user_id;
    std::string hash;
    std::optional<std::string> expected_hash;  // refuse when it changed meanwhile
    std::optional<SessionId> keep;             // every other session of the user ends
};

struct UserChange {
    User user;
    std::vector<SessionId> ended;  // sessions that ended with it
};

// Where users live. A user of another org is NotFound. Each writing method is one transaction and
// appends its audit entry in it.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the change survives power loss.
// Errors:     any method may answer Unavailable; the rest is listed below.
class UserStore {
public:
    virtual ~UserStore() = default;
    // The very first user of the instance gets role admin instead of `user.roles`; later ones are
    // refused when `mode` is closed. Makes the org with its environments when it is missing.
    // Errors: Forbidden "signup_closed"; Conflict when the e-mail is in use.
    virtual async::Task<Result<User>> sign_up(NewUser user, SignupMode mode, AuditEntry audit) = 0;
    // An operator's way: the roles are taken as given. Errors: Conflict; NotFound for the org.
    virtual async::Task<Result<User>> add(NewUser user, AuditEntry audit) = 0;
    virtual async::Task<Result<User>> find(std::string org_id, UserId id) = 0;  // Errors: NotFound
    virtual async::Task<Result<std::optional<User>>> find_by_email(std::string email) = 0;
    // By id; one more than the limit when more follow. `after` is the id to go on behind.
    virtual async::Task<Result<std::vector<User>>> list(std::string org_id, UserFilter filter,
                                                        std::optional<UserId> after, int limit) = 0;
    // Disabling ends every session. Errors: NotFound; Conflict "last_admin", or when the
    // user is not as `patch.seen` says.
    virtual async::Task<Result<UserChange>> update(std::string org_id, UserId id, UserPatch patch,
                                                   AuditEntry audit) = 0;
    // Errors: NotFound; Conflict when expected_hash no longer holds.
    virtual async::Task<Result<UserChange>> set_password(PasswordChange change,
                                                         AuditEntry audit) = 0;
};

}  // namespace zs::identity
