#pragma once

#include "adapters/http/router.hpp"
#include "adapters/http/routes/idempotency.hpp"
#include "core/data/collection_service.hpp"

namespace zs::http {

// /v1/collections: create, list, get, drop, projection.
// Source: http-api.md section 7. Lifetime: the services outlive it, it outlives the router.
class CollectionRoutes {
public:
    CollectionRoutes(data::CollectionService& collections, Idempotency& idempotency)
        : collections_(collections), idempotency_(idempotency) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> create(Request& request);
    async::Task<Result<Response>> find(Request& request);
    async::Task<Result<Response>> drop(Request& request);
    async::Task<Result<Response>> find_projection(Request& request);
    async::Task<Result<Response>> put_projection(Request& request);

    data::CollectionService& collections_;
    Idempotency& idempotency_;
};

}  // namespace zs::http
