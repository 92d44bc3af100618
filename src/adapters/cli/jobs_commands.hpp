#pragma once

#include "adapters/cli/api_session.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zs::cli {

// Parts of a specification, as they stand on a command line.
struct SubmitOptions {
    std::vector<std::string> command = {};
    std::optional<std::string> spec_file = {};  // a whole specification; "-": standard input
    std::optional<std::string> bulk_file = {};  // lines of specifications; "-": standard input
    std::optional<std::string> input = {};      // JSON, or @FILE
    std::vector<std::string> env = {};          // NAME=VALUE, or NAME: from our environment
    std::vector<std::string> metadata = {};
    std::vector<std::string> tags = {};
    std::vector<std::string> labels = {};      // that a worker must have
    std::vector<std::string> depends_on = {};  // ID, or ID:when
    std::vector<std::string> files = {};       // PATH=SHA256
    std::vector<std::string> params = {};      // of a template
    std::optional<std::string> job_template = {};
    std::optional<std::string> name = {};
    std::optional<std::string> unique_key = {};
    std::optional<std::string> on_conflict = {};
    std::optional<std::string> run_at = {};
    std::optional<std::string> concurrency = {};  // KEY:MAX
    std::optional<std::int64_t> timeout_secs = {};
    std::optional<std::int64_t> max_retries = {};
    std::optional<std::int64_t> priority = {};
    std::optional<std::int64_t> delay_secs = {};
    bool follow = false;
};

struct JobsOptions {
    Target target = {};
    std::vector<std::string> ids = {};
    SubmitOptions submit = {};
    std::optional<std::string> state = {};
    std::optional<std::string> name = {};
    std::optional<std::string> tag = {};
    std::optional<std::string> stream = {};
    std::optional<std::string> artifact = {};
    std::optional<std::string> output = {};
    std::uint64_t from_seq = 0;
    int limit = 50;
    bool follow = false;
    bool purge = false;
};

// The specification that the options stand for. Errors: "usage" naming the option.
Result<boost::json::object> spec_of(const SubmitOptions& options, Console& console);

// `zserver jobs …`: each answers the exit code.

// Prints the id. With `follow`, what the job prints, and its end as the exit code.
int run_jobs_submit(const JobsOptions& options, Console& console, const Clock& clock);
int run_jobs_list(const JobsOptions& options, Console& console, const Clock& clock);
int run_jobs_get(const JobsOptions& options, Console& console, const Clock& clock);
// Lines of stdout go to standard output, all others to standard error.
int run_jobs_logs(const JobsOptions& options, Console& console, const Clock& clock);
int run_jobs_cancel(const JobsOptions& options, Console& console, const Clock& clock);
int run_jobs_retry(const JobsOptions& options, Console& console, const Clock& clock);
int run_jobs_why(const JobsOptions& options, Console& console, const Clock& clock);
int run_jobs_artifacts(const JobsOptions& options, Console& console, const Clock& clock);
int run_jobs_pause(const JobsOptions& options, Console& console, const Clock& clock);
int run_jobs_resume(const JobsOptions& options, Console& console, const Clock& clock);
int run_jobs_stats(const JobsOptions& options, Console& console, const Clock& clock);
int run_jobs_workers(const JobsOptions& options, Console& console, const Clock& clock);

}  // namespace zs::cli
