#pragma once

#include "core/jobs/job.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>

namespace zs::jobs {

// A specification with gaps, submitted by name. Source: jobs.md section 9.
struct JobTemplate {
    std::string name;
    std::string description;
    boost::json::object spec;  // as submitted: fields of a specification
    std::optional<boost::json::object> params_schema;
    std::optional<identity::UserId> created_by;
    Timestamp created_at;
    Timestamp updated_at;
};

// Reads what a client sends. Errors: InvalidArgument and Unprocessable, naming the field;
// "invalid_schema".
Result<JobTemplate> parse_job_template(const boost::json::object& json);

// The submitted fields over the template's (arrays replaced, objects merged), then "${params.x}" in
// text values replaced: a text that is nothing but one reference takes the parameter's JSON value,
// else its text is put in. `template` and `params` are gone from the answer.
// Errors: Unprocessable "missing_param", "invalid_param".
Result<boost::json::object> expand_template(const JobTemplate& with,
                                            const boost::json::object& submitted);

}  // namespace zs::jobs
