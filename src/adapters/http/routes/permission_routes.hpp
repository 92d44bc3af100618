#pragma once

#include "adapters/http/router.hpp"
#include "adapters/http/routes/idempotency.hpp"
#include "core/identity/permission_service.hpp"

namespace zs::http {

// Permission records: /v1/permissions.
// Source: http-api.md section 3. Lifetime: the services outlive it, it outlives the router.
class PermissionRoutes {
public:
    PermissionRoutes(identity::PermissionService& permissions, Idempotency& idempotency)
        : permissions_(permissions), idempotency_(idempotency) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> create(Request& request);
    async::Task<Result<Response>> upsert(Request& request);
    async::Task<Result<Response>> find(Request& request);
    async::Task<Result<Response>> update(Request& request);
    async::Task<Result<Response>> remove(Request& request);

    identity::PermissionService& permissions_;
    Idempotency& idempotency_;
};

}  // namespace zs::http
