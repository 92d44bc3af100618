#pragma once

#include "adapters/http/routes/job_support.hpp"
#include "core/jobs/job_queue.hpp"

namespace zs::http {

// What jobs print: pages, and streams that follow a job to its end.
// Source: jobs.md section 5. Lifetime: the queue outlives it, it outlives the router.
class JobLogRoutes {
public:
    JobLogRoutes(jobs::JobQueue& queue, const WaitsEnd& waits_end)
        : queue_(queue), waits_end_(waits_end) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> read(Request& request);
    async::Task<Result<Response>> follow(Request& request, jobs::JobId id, jobs::LogQuery query);

    jobs::JobQueue& queue_;
    const WaitsEnd& waits_end_;
};

}  // namespace zs::http
