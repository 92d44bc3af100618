#pragma once

#include "adapters/relational/database.hpp"
#include "adapters/relational/jobs/tenant_numbers.hpp"
#include "core/jobs/job_log.hpp"

namespace zs::relational {

// Per attempt. Source: jobs.md section 5.
struct JobLogLimits {
    std::uint64_t bytes_max = std::uint64_t{10} << 20;
    std::uint64_t lines_max = 100'000;
};

// Logs in the control plane's database (migration 004). An append adds a compressed chunk; small
// chunks are put together to a large one when enough of them lie there. Of an attempt beyond the
// limits the first half and the last one are kept, in whole chunks; a read puts a system line where
// the rest was, under the number of the last line that is missing.
// Lifetime: the database outlives it. Errors: as Database.
class SqlJobLog final : public jobs::JobLog {
public:
    explicit SqlJobLog(Database& database, JobLogLimits limits = {})
        : database_(database), tenants_(database), limits_(limits) {}

    async::Task<Result<jobs::LogAppended>> append(jobs::LeaseRef lease,
                                                  std::vector<jobs::LogLine> lines) override;
    async::Task<Result<std::vector<jobs::LogEntry>>> read(identity::Tenant tenant, jobs::JobId job,
                                                          jobs::LogQuery query) override;

private:
    Database& database_;
    TenantNumbers tenants_;
    const JobLogLimits limits_;
};

}  // namespace zs::relational
