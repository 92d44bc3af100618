#pragma once

#include "adapters/http/routes/idempotency.hpp"
#include "adapters/http/routes/job_support.hpp"
#include "core/identity/audit_log.hpp"
#include "core/jobs/job_queue.hpp"

namespace zs::http {

// Jobs that exist, and the queue as a whole.
// Source: jobs.md section 10. Lifetime: the services outlive it, it outlives the router.
class JobRoutes {
public:
    JobRoutes(jobs::JobQueue& queue, identity::AuditLog& audit, Idempotency& idempotency,
              const WaitsEnd& waits_end)
        : queue_(queue), audit_(audit), idempotency_(idempotency), waits_end_(waits_end) {}
    void register_routes(Router& router);

private:
    void register_under(Router& router, const std::string& base);
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> find(Request& request);
    async::Task<Result<Response>> cancel(Request& request);
    async::Task<Result<Response>> purge(Request& request, jobs::JobId id);
    async::Task<Result<Response>> retry(Request& request);
    async::Task<Result<Response>> why(Request& request);
    async::Task<Result<Response>> stats(Request& request);
    async::Task<Result<Response>> queue_stats(Request& request);
    async::Task<Result<Response>> set_paused(Request& request, bool paused);
    async::Task<Result<jobs::Job>> find_changed(identity::Tenant tenant, jobs::JobId id,
                                                Millis wait);
    async::Task<> note(Request& request, std::string action, std::string object);

    jobs::JobQueue& queue_;
    identity::AuditLog& audit_;
    Idempotency& idempotency_;
    const WaitsEnd& waits_end_;
};

}  // namespace zs::http
