#pragma once

#include "adapters/cli/api_session.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace zs::server {

struct CrashTestOptions {
    int rounds = 100;
    int callers = 4;
    int deaths = 20;
    std::optional<std::uint64_t> seed = {};
};
// `zserver crashtest jobs`: a server of its own, a `zserver worker` beside it, and both are killed
// with SIGKILL in turn, while jobs are submitted, run, write to their logs and end. Says for every
// submit that was answered what became of it. Then kills what watches over single programs, and
// says how soon that is noticed. Answers 0 when no job is lost, unfinished, failed, ended twice or
// without a line of its log.
int run_crashtest_jobs(const CrashTestOptions& options, cli::Console& console);

struct BenchJobsOptions {
    cli::Target target = {};  // without a URL: a server of its own
    int jobs = 2000;
    int callers = 16;
    int programs = 500;
};
// `zserver bench jobs`: submits one by one and in bulk, then runs programs, and says how fast.
int run_bench_jobs(const BenchJobsOptions& options, cli::Console& console);

}  // namespace zs::server
