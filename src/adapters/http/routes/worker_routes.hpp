#pragma once

#include "adapters/http/rate_limiter.hpp"
#include "adapters/http/routes/job_support.hpp"
#include "adapters/http/routes/worker_body.hpp"
#include "core/files/blob_ledger.hpp"
#include "core/files/blob_store.hpp"
#include "core/jobs/job_queue.hpp"

namespace zs::http {

// Workers elsewhere: they lease jobs of their own organisation and environment, and report.
// Source: jobs.md section 8. Lifetime: the services outlive it, it outlives the router.
class WorkerRoutes {
public:
    struct Options {
        std::uint64_t artifact_bytes_max = 1ULL << 30;
        std::uint32_t calls_per_minute = 600;  // per worker, and per attempt; 0: any number
    };
    WorkerRoutes(jobs::JobQueue& queue, files::BlobStore& blobs, files::BlobLedger& ledger,
                 const Clock& clock, const WaitsEnd& waits_end, Options options)
        : queue_(queue),
          blobs_(blobs),
          ledger_(ledger),
          clock_(clock),
          waits_end_(waits_end),
          options_(options) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> lease(Request& request);
    async::Task<Result<Response>> heartbeat(Request& request);
    async::Task<Result<Response>> append_log(Request& request);
    async::Task<Result<Response>> put_artifact(Request& request);
    async::Task<Result<Response>> finish(Request& request);
    async::Task<Result<Response>> release(Request& request);

    async::Task<Result<std::vector<jobs::LeasedJob>>> wait_for_jobs(Request& request,
                                                                    LeaseRequest wanted);
    async::Task<Result<void>> check_lease(identity::Tenant tenant, jobs::LeaseRef lease);
    async::Task<Result<Response>> end_attempt(Request& request, jobs::LeaseRef lease,
                                              jobs::Outcome outcome);
    async::Task<> give_up_others(jobs::WorkerId worker, std::vector<jobs::LeaseRef> kept);
    async::Task<Result<jobs::Artifact>> store_body(Request& request);
    Result<void> count(const identity::Tenant& tenant, std::string_view whom);
    boost::json::object show_leased(const jobs::LeasedJob& leased) const;

    jobs::JobQueue& queue_;
    files::BlobStore& blobs_;
    files::BlobLedger& ledger_;
    const Clock& clock_;
    const WaitsEnd& waits_end_;
    const Options options_;
    RateLimiter limiter_;
};

}  // namespace zs::http
