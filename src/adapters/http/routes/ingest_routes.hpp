#pragma once

#include "adapters/http/router.hpp"
#include "core/data/ingest_service.hpp"

namespace zs::http {

// POST /v1/collections/{name}/ingest, and how far a stream came. The body is read as it is stored,
// so the way of other POST routes with an Idempotency-Key, which keep the whole body, is not its
// way: a stream's own state is kept with its documents.
// Source: http-api.md section 7. Lifetime: the service outlives it, it outlives the router.
class IngestRoutes {
public:
    explicit IngestRoutes(data::IngestService& ingest) : ingest_(ingest) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> ingest(Request& request);
    async::Task<Result<Response>> stream(Request& request);

    data::IngestService& ingest_;
};

}  // namespace zs::http
