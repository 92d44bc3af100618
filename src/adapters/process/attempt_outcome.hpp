#pragma once

#include "adapters/process/spool.hpp"
#include "core/jobs/outcome.hpp"
#include "core/jobs/worker.hpp"

#include <string>

namespace zs::process {

jobs::Outcome failed(jobs::Failure code, std::string message, bool retryable = true);
jobs::Outcome ended_as(jobs::Outcome::Kind kind);

// What the end of the processes alone says. Succeeded: the output is still to be looked at.
// Source: jobs.md section 7, End.
jobs::Outcome outcome_of(const AttemptEnd& end, jobs::StopReason reason);

// Reads output.json into a succeeded outcome; makes it invalid_output when it is none.
// Nothing of the program runs any more.
void read_output_blocking(const std::string& path, jobs::Outcome& outcome);

}  // namespace zs::process
