#pragma once

#include "adapters/cli/api_session.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace zs::server {

struct CrashTestOptions {
    int rounds = 20;
    int callers = 4;
    std::optional<std::uint64_t> seed = {};
};
// `zserver crashtest jobs`: a server of its own is killed with SIGKILL, again and again, while jobs
// are submitted and run. Says for every submit that was answered what became of it. Answers 0 when
// none is lost, unfinished, finished twice or without a line of its log.
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
