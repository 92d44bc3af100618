#pragma once

#include "core/jobs/worker.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace zs::jobs {

struct LogEntry {
    std::uint64_t seq = 0;  // shared with the state events of the job: entries may skip numbers
    std::uint32_t attempt = 0;
    LogLine line;
};

struct LogQuery {
    std::uint64_t from_seq = 0;
    std::size_t limit = 500;
    std::optional<LogStream> stream;
    std::optional<std::uint32_t> attempt;
};

struct LogAppended {
    std::uint64_t first_seq = 0;
    std::uint64_t last_seq = 0;  // of these lines
};

// The logs of jobs: compressed at rest, head and tail kept beyond the limits of an attempt.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: success means the lines survive power loss.
// Errors:     any method may answer Unavailable.
class JobLog {
public:
    virtual ~JobLog() = default;
    // Errors: Conflict "lease_lost".
    virtual async::Task<Result<LogAppended>> append(LeaseRef lease, std::vector<LogLine> lines) = 0;
    // In the order of seq. Errors: NotFound.
    virtual async::Task<Result<std::vector<LogEntry>>> read(identity::Tenant tenant, JobId job,
                                                            LogQuery query) = 0;
};

}  // namespace zs::jobs
