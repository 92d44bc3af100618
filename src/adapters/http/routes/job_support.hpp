#pragma once

#include "adapters/http/routes/route_support.hpp"
#include "core/jobs/job.hpp"
#include "core/jobs/job_intake.hpp"

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

// What the routes of jobs share.
namespace zs::http {

// Becomes true when the server stops: whoever waits for news of a job is answered then.
using WaitsEnd = std::atomic<bool>;
// How long such a wait lasts before it looks whether it has been ended.
inline constexpr Millis kWaitSlice{1000};

// The job of the path. Errors: InvalidArgument naming "id".
inline Result<jobs::JobId> job_of(const Request& request) {
    return path_id<jobs::JobId>(request);
}

// Under which names the routes of jobs are known.
inline std::vector<std::string> job_bases() {
    return {"/v1/jobs", "/jobs"};
}

// The body, which must be an object. Errors: as read_json; Unprocessable.
async::Task<Result<boost::json::object>> read_object(Request& request);

jobs::Submitter submitter_of(const Request& request);

// `wait_ms`, 0 unless given. Errors: InvalidArgument naming it.
Result<Millis> query_wait(const Request& request);
// `attempt`, absent unless given.
Result<std::optional<std::uint32_t>> query_attempt(const Request& request);
Result<bool> query_yes(const Request& request, std::string_view name);

// `org_id` of a specification is the caller's, or left out.
Result<void> check_org(const boost::json::object& spec, const identity::Tenant& tenant);

}  // namespace zs::http
