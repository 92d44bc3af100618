#pragma once

#include "core/jobs/job.hpp"

#include <boost/json/value.hpp>

#include <optional>

namespace zs::jobs {

// How an attempt ended.
struct Outcome {
    enum class Kind : std::uint8_t {
        Succeeded,
        Failed,
        Canceled,  // the process is gone because a cancel was asked for
        Released,  // given back undone: nothing is counted
        Lost,      // the worker is dead: as an expired lease
    };
    Kind kind = Kind::Succeeded;
    std::optional<boost::json::value> output;
    std::optional<int> exit_code;
    std::optional<JobError> error;  // with Failed
    bool retryable = true;          // with Failed
    std::optional<SandboxTier> sandbox;
};

}  // namespace zs::jobs
