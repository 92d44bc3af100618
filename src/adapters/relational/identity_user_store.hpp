#pragma once

#include "adapters/relational/database.hpp"
#include "core/identity/user_store.hpp"

namespace zs::relational {

class SqlUserStore final : public identity::UserStore {
public:
    SqlUserStore(Database& database, const Clock& clock) : database_(database), clock_(clock) {}

    async::Task<Result<identity::User>> sign_up(identity::NewUser user, identity::SignupMode mode,
                                                identity::AuditEntry audit) override;
    async::Task<Result<identity::User>> add(identity::NewUser user,
                                            identity::AuditEntry audit) override;
    async::Task<Result<identity::User>> find(std::string org_id, identity::UserId id) override;
    async::Task<Result<std::optional<identity::User>>> find_by_email(std::string email) override;
    async::Task<Result<std::vector<identity::User>>> list(std::string org_id,
                                                          identity::UserFilter filter,
                                                          std::optional<identity::UserId> after,
                                                          int limit) override;
    async::Task<Result<identity::UserChange>> update(std::string org_id, identity::UserId id,
                                                     identity::UserPatch patch,
                                                     identity::AuditEntry audit) override;
    async::Task<Result<identity::UserChange>> set_password(identity::PasswordChange change,
                                                           identity::AuditEntry audit) override;

private:
    Database& database_;
    const Clock& clock_;
};

}  // namespace zs::relational
