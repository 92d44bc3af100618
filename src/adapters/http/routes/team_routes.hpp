#pragma once

#include "adapters/http/router.hpp"
#include "adapters/http/routes/idempotency.hpp"
#include "core/identity/team_service.hpp"

namespace zs::http {

// /api/v1/teams and their members. Source: workflows.md 5.4.
// Lifetime: the services outlive it, it outlives the router.
class TeamRoutes {
public:
    TeamRoutes(identity::TeamService& teams, Idempotency& idempotency)
        : teams_(teams), idempotency_(idempotency) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> create(Request& request);
    async::Task<Result<Response>> find(Request& request);
    async::Task<Result<Response>> update(Request& request);
    async::Task<Result<Response>> remove(Request& request);
    async::Task<Result<Response>> members(Request& request);
    async::Task<Result<Response>> put_member(Request& request);
    async::Task<Result<Response>> remove_member(Request& request);

    identity::TeamService& teams_;
    Idempotency& idempotency_;
};

}  // namespace zs::http
