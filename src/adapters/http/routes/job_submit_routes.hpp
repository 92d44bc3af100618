#pragma once

#include "adapters/http/routes/idempotency.hpp"
#include "core/jobs/job_intake.hpp"

namespace zs::http {

// Jobs on their way in: one, or many as an array or as lines.
// Source: jobs.md section 10. Lifetime: the intake outlives it, it outlives the router.
class JobSubmitRoutes {
public:
    JobSubmitRoutes(jobs::JobIntake& intake, Idempotency& idempotency)
        : intake_(intake), idempotency_(idempotency) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> submit(Request& request);
    async::Task<Result<Response>> submit_many(Request& request);

    jobs::JobIntake& intake_;
    Idempotency& idempotency_;
};

}  // namespace zs::http
