#pragma once

#include "adapters/http/router.hpp"
#include "adapters/http/routes/idempotency.hpp"
#include "core/data/search_service.hpp"

namespace zs::http {

// Full-text indexes and searches by words and vectors: /v1/indexes/text, /v1/search.
// Source: docs/search.md. Lifetime: the services outlive it, it outlives the router.
class SearchRoutes {
public:
    SearchRoutes(data::SearchService& search, Idempotency& idempotency)
        : search_(search), idempotency_(idempotency) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> build(Request& request);
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> drop(Request& request);
    async::Task<Result<Response>> search(Request& request);

    data::SearchService& search_;
    Idempotency& idempotency_;
};

}  // namespace zs::http
