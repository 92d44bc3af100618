#pragma once

#include "adapters/http/router.hpp"
#include "core/files/file_service.hpp"
#include "core/jobs/job_queue.hpp"

namespace zs::http {

// The files that jobs made: their list, and their bytes as an attachment.
// Source: jobs.md sections 7 and 10. Lifetime: the services outlive it, it outlives the router.
class JobArtifactRoutes {
public:
    JobArtifactRoutes(jobs::JobQueue& queue, files::FileService& files)
        : queue_(queue), files_(files) {}
    void register_routes(Router& router);

private:
    async::Task<Result<Response>> list(Request& request);
    async::Task<Result<Response>> download(Request& request);

    jobs::JobQueue& queue_;
    files::FileService& files_;
};

}  // namespace zs::http
