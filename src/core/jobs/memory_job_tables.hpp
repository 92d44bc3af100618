#pragma once

#include "core/jobs/artifact_index.hpp"
#include "core/jobs/job_log.hpp"
#include "core/jobs/job_state.hpp"
#include "core/jobs/job_store.hpp"
#include "core/jobs/monotonic.hpp"

#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace zs::jobs {

// What the memory stores of jobs share, and the rules on it.
// Threading: `mutex` is held around every use.
struct MemoryJobTables {
    struct Row {
        Job job;
        std::optional<Timestamp> nominal_time;
        std::set<JobId> dependants;  // that still wait for it
        std::vector<LogEntry> log;
        std::vector<ArtifactRecord> artifacts;
    };
    using KeyOfTenant = std::pair<identity::Tenant, std::string>;

    std::mutex mutex;
    std::map<JobId, Row> rows;
    std::map<KeyOfTenant, JobId> unique;  // of jobs that are not final
    std::set<std::pair<ScheduleId, Timestamp>> fired;
    std::set<identity::Tenant> paused;
    std::map<KeyOfTenant, std::deque<Timestamp>> starts;  // per key of rates
    std::uint64_t last_token = 0;

    Row* find(const identity::Tenant& tenant, JobId id);
    Row* leased(const LeaseRef& lease);  // running under this token
    Result<Submitted> add(NewJob job);
    Result<void> check(const NewJob& job, const std::vector<NewJob>& batch) const;
    bool can_be_leased(const Row& row) const;
    LeasedJob lease(Row& row, const ClaimQuery& query);
    Result<Changes> finish(FinishedAttempt attempt);
    Result<Changes> steer(Row& row, Steer steer, Timestamp now);
    // `row` goes on as `next` says; what waits for it follows.
    Transition change(Row& row, const NextState& next, Timestamp now, Changes& changes);
    void end_dependencies(Row& row, Timestamp now, Changes& changes);
    void erase(JobId id);
};

}  // namespace zs::jobs
