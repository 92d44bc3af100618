#pragma once

#include "adapters/http/router.hpp"
#include "base/secret.hpp"
#include "core/identity/account_service.hpp"
#include "core/identity/environment_service.hpp"

namespace zs::http {

// Sign-up, sign-in and the own account: /v1/auth/*, /v1/whoami.
// Source: http-api.md section 2. Lifetime: the services outlive it, it outlives the router.
class AuthRoutes {
public:
    AuthRoutes(identity::AccountService& accounts, const Clock& clock)
        : accounts_(accounts), clock_(clock) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> signup(Request& request);
    async::Task<Result<Response>> login(Request& request);
    async::Task<Result<Response>> refresh(Request& request);
    async::Task<Result<Response>> switch_environment(Request& request);
    async::Task<Result<Response>> logout(Request& request);
    async::Task<Result<Response>> change_password(Request& request);
    async::Task<Result<Response>> sessions(Request& request);
    async::Task<Result<Response>> end_session(Request& request);
    Result<Response> whoami(const Request& request) const;

    identity::AccountService& accounts_;
    const Clock& clock_;
};

// The second family of the same: /api/v1/auth/*. Its bundles carry `token` too.
// Source: http-api.md section 2, workflows.md 5.4.
class ApiAuthRoutes {
public:
    ApiAuthRoutes(identity::AccountService& accounts, identity::EnvironmentService& environments)
        : accounts_(accounts), environments_(environments) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> sign_up(Request& request);
    async::Task<Result<Response>> login(Request& request);
    async::Task<Result<Response>> refresh(Request& request);
    async::Task<Result<Response>> me(Request& request);
    async::Task<Result<Response>> logout(Request& request);

    identity::AccountService& accounts_;
    identity::EnvironmentService& environments_;
};

// Logout is the same under both names. Clears the cookie when the request came with one.
async::Task<Result<Response>> logout_answer(identity::AccountService& accounts, Request& request);

}  // namespace zs::http
