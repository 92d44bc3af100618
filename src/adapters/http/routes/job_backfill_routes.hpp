#pragma once

#include "adapters/http/routes/idempotency.hpp"
#include "core/jobs/backfiller.hpp"

namespace zs::http {

// Back-fills of schedules: due times that have passed, submitted on demand.
// Lifetime: the service outlives it, it outlives the router.
class JobBackfillRoutes {
public:
    JobBackfillRoutes(jobs::Backfiller& backfills, Idempotency& idempotency)
        : backfills_(backfills), idempotency_(idempotency) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> create(Request& request);
    async::Task<Result<Response>> find(Request& request);
    async::Task<Result<Response>> change(Request& request);
    async::Task<Result<Response>> cancel(Request& request);

    jobs::Backfiller& backfills_;
    Idempotency& idempotency_;
};

}  // namespace zs::http
