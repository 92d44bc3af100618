#pragma once

#include "core/jobs/backfill_store.hpp"
#include "core/jobs/scheduler.hpp"

#include <string>
#include <utility>
#include <vector>

namespace zs::jobs {

struct BackfillPorts {
    BackfillStore& backfills;
    ScheduleStore& schedules;
    JobIntake& intake;
    JobQueue& queue;
    const TimeZones& zones;
    const Clock& clock;
};

// What moves one back-fill on: looks which jobs have ended, takes up as many due times as may run,
// stores that, submits them, and stores what became of them.
// Lifetime: the ports outlive it. Threading: any; two steps of one back-fill, here or in another
// process, do no harm.
class BackfillStep {
public:
    explicit BackfillStep(BackfillPorts ports) : ports_(ports) {}
    void ask_rights(Scheduler::RightsNow rights) { rights_ = std::move(rights); }

    // Answers whether anything changed.
    async::Task<Result<bool>> run(Backfill backfill);

private:
    // What a look decides, to be carried out on the back-fill as it is then.
    struct Findings {
        std::vector<std::pair<JobId, FiringFate>> fates;
        std::optional<std::string> last_error;
        bool must_pause = false;
        bool empty() const { return fates.empty() && !last_error && !must_pause; }
    };
    // With what the due times are submitted.
    struct Means {
        JobSchedule schedule;
        Submitter who;
        JobSpec spec;
    };

    static void carry_out(Backfill& backfill, const Findings& findings);
    async::Task<Result<Findings>> look_at_open(const Backfill& backfill);
    async::Task<Result<std::optional<std::string>>> missing_right(const Backfill& backfill,
                                                                  Means& means);
    async::Task<Result<std::optional<Means>>> prepare(Backfill& backfill);
    Result<void> take_up(Backfill& backfill, const JobSchedule& schedule);
    async::Task<Result<Findings>> submit(const Backfill& backfill, Means means);
    async::Task<Result<void>> judge(const Firing& firing, const Result<Submitted>& answer,
                                    identity::Tenant tenant, Findings& findings);
    async::Task<Result<bool>> save(Backfill backfill, Findings findings);

    BackfillPorts ports_;
    Scheduler::RightsNow rights_;
};

}  // namespace zs::jobs
