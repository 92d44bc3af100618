#pragma once

#include "adapters/http/router.hpp"
#include "core/identity/environment_service.hpp"

namespace zs::http {

// GET /v1/environments. Source: http-api.md section 2.
// Lifetime: the service outlives it, it outlives the router.
class EnvironmentRoutes {
public:
    explicit EnvironmentRoutes(identity::EnvironmentService& environments)
        : environments_(environments) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> list(Request& request);

    identity::EnvironmentService& environments_;
};

}  // namespace zs::http
