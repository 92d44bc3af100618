#pragma once

#include "adapters/http/router.hpp"
#include "core/identity/user_service.hpp"

namespace zs::http {

// Users as administrators see them: /v1/users.
// Source: http-api.md section 2. Lifetime: the service outlives it, it outlives the router.
class UserRoutes {
public:
    explicit UserRoutes(identity::UserService& users) : users_(users) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> find(Request& request);
    async::Task<Result<Response>> update(Request& request);

    identity::UserService& users_;
};

}  // namespace zs::http
