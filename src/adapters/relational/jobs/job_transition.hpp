#pragma once

#include "adapters/relational/jobs/job_row.hpp"
#include "core/jobs/job_state.hpp"

#include <optional>

// The rules of job_state.hpp, carried out on rows.
namespace zs::relational::job_sql {

// What happens to a job, and what is to be written beside its state.
struct Cause {
    jobs::JobEvent event = jobs::JobEvent::Cancel;
    Timestamp now;
    const jobs::Outcome* outcome = nullptr;  // of the attempt that ends
    Millis backoff{0};
    std::uint32_t lost_leases_max = 3;
};

// Changes the row, which the caller has locked, and what is stored. Dependents: see settle().
// Errors: Conflict as next_state().
Result<jobs::Transition> apply(Session& session, const TenantNumbers& tenants, JobRow& row,
                               const Cause& cause);
// After apply(): tells those who waited for this job, and those who waited for them.
Result<void> settle(Session& session, const TenantNumbers& tenants, const JobRow& row,
                    Timestamp now, jobs::Changes& changes);
// Both.
Result<jobs::Changes> change(Session& session, const TenantNumbers& tenants, JobRow& row,
                             const Cause& cause);

enum class Needed { Met, Open, Failed };
Needed needed(jobs::DependsWhen when, jobs::JobState parent);

}  // namespace zs::relational::job_sql
