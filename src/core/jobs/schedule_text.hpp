#pragma once

#include "core/jobs/job_schedule.hpp"

namespace zs::jobs {

// Reads what a client sends: values, defaults and rules of workflows.md section 5.6. The cron
// expression and the zone are checked by the scheduler.
// Errors: InvalidArgument and Unprocessable, naming the field.
Result<JobSchedule> parse_job_schedule(const boost::json::object& json);

}  // namespace zs::jobs
