#pragma once

#include "adapters/http/router.hpp"
#include "adapters/http/routes/idempotency.hpp"
#include "core/identity/organization_service.hpp"

namespace zs::http {

// /api/v1/organizations. Source: workflows.md 5.4.
// Lifetime: the services outlive it, it outlives the router.
class OrganizationRoutes {
public:
    OrganizationRoutes(identity::OrganizationService& organizations, Idempotency& idempotency)
        : organizations_(organizations), idempotency_(idempotency) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> create(Request& request);
    async::Task<Result<Response>> find(Request& request);
    async::Task<Result<Response>> update(Request& request);
    async::Task<Result<Response>> remove(Request& request);

    identity::OrganizationService& organizations_;
    Idempotency& idempotency_;
};

}  // namespace zs::http
