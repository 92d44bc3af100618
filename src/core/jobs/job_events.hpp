#pragma once

#include "core/events/event.hpp"
#include "core/jobs/job_store.hpp"
#include "core/jobs/worker.hpp"

namespace zs::jobs {

// What is told about jobs, on "jobs/<id>". Source: jobs.md section 6.
events::NewEvent state_event(const Transition& transition);
// Invalid UTF-8 becomes U+FFFD; NUL is dropped.
events::NewEvent log_event(JobId job, std::uint32_t attempt, std::uint64_t seq,
                           const LogLine& line);
events::NewEvent progress_event(JobId job, const Progress& progress);
events::NewEvent artifact_event(JobId job, const Artifact& artifact);

}  // namespace zs::jobs
