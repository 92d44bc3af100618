#pragma once

#include "adapters/http/router.hpp"
#include "adapters/http/routes/idempotency.hpp"
#include "core/identity/api_key_service.hpp"

namespace zs::http {

// API keys: /v1/api-keys, and the same under /api/v1/api-keys.
// Source: http-api.md section 2. Lifetime: the services outlive it, it outlives the router.
class ApiKeyRoutes {
public:
    ApiKeyRoutes(identity::ApiKeyService& keys, Idempotency& idempotency)
        : keys_(keys), idempotency_(idempotency) {}
    void register_routes(Router& router);

private:
    void register_under(Router& router, const std::string& base);
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> create(Request& request);
    async::Task<Result<Response>> find(Request& request);
    async::Task<Result<Response>> update(Request& request);
    async::Task<Result<Response>> revoke(Request& request);
    async::Task<Result<Response>> rotate(Request& request);

    identity::ApiKeyService& keys_;
    Idempotency& idempotency_;
};

}  // namespace zs::http
