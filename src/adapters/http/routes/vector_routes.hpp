#pragma once

#include "adapters/http/router.hpp"
#include "adapters/http/routes/idempotency.hpp"
#include "async/blocking_pool.hpp"
#include "core/data/vector_service.hpp"

namespace zs::http {

// Nearest neighbours and vector indexes: /v1/knn, /v1/indexes/hnsw.
// Source: http-api.md section 6. Lifetime: the services outlive it, it outlives the router.
class VectorRoutes {
public:
    // `pool` compares the vectors that come with a request.
    VectorRoutes(data::VectorService& vectors, async::BlockingPool& pool, Idempotency& idempotency)
        : vectors_(vectors), pool_(pool), idempotency_(idempotency) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> knn(Request& request);
    async::Task<Result<Response>> build(Request& request);
    async::Task<Result<Response>> search(Request& request);
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> stats(Request& request);
    async::Task<Result<Response>> drop(Request& request);

    data::VectorService& vectors_;
    async::BlockingPool& pool_;
    Idempotency& idempotency_;
};

}  // namespace zs::http
