#pragma once

#include "core/jobs/cron.hpp"
#include "core/jobs/job_schedule.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::jobs {

struct BackfillTag;
using BackfillId = Id<BackfillTag>;

// Done and Canceled are final. Done: every due time has its job, and all of them have ended.
enum class BackfillState : std::uint8_t { Running, Paused, Done, Canceled };
std::string_view to_text(BackfillState state) noexcept;  // running, paused, done, canceled
std::optional<BackfillState> backfill_state(std::string_view text) noexcept;
constexpr bool is_final(BackfillState state) {
    return state == BackfillState::Done || state == BackfillState::Canceled;
}

// A due time that was taken up. Its job has its id before it is in the queue: whoever finds the
// firing after a crash submits the same job, which the queue takes once.
struct Firing {
    Timestamp nominal;
    JobId job;
    bool is_submitted = false;
};

// The due times of a schedule in from ≤ t < to, submitted oldest first, whatever the schedule
// itself does. Source: jobs-robustness.md, Schedules.
struct Backfill {
    BackfillId id;
    ScheduleId schedule;
    identity::Tenant tenant;
    Timestamp from;
    Timestamp to;
    std::uint32_t parallel = 1;  // jobs of it that are not final at once
    BackfillState state = BackfillState::Running;
    std::optional<Timestamp> position;  // the due time that is taken up next; absent: none is left
    std::uint64_t total = 0;            // due times, when it was made
    std::uint64_t submitted = 0;
    std::uint64_t skipped = 0;  // due times that had a job already
    std::vector<Firing> open;   // taken up, and not known to have ended
    std::optional<identity::UserId> created_by;
    Timestamp created_at;
    std::optional<Timestamp> finished_at;
    std::string last_error;
    // Counts changes. Who saves names the one that was read: what is stale is not stored.
    std::int64_t version = 0;

    // Whether time has something to do with it.
    bool is_unsettled() const { return state == BackfillState::Running || !open.empty(); }
    bool wants_more() const {
        return state == BackfillState::Running && position && open.size() < parallel;
    }
    bool has_unsubmitted() const;
};

// What a client may ask for. Errors of both: InvalidArgument and Unprocessable, naming the field.
struct BackfillRange {
    Timestamp from;
    Timestamp to;
    std::uint32_t parallel = 1;
};
Result<BackfillRange> parse_backfill(const boost::json::object& json, Timestamp now);
struct BackfillChange {
    std::optional<bool> paused;
    std::optional<std::uint32_t> parallel;
};
Result<BackfillChange> parse_backfill_change(const boost::json::object& json);

// Errors: Conflict "backfill_finished".
Result<void> apply(Backfill& backfill, const BackfillChange& change);
// Jobs in the queue stay. Errors: Conflict "backfill_finished" when it is done.
Result<void> cancel(Backfill& backfill, Timestamp now);
// Running, with nothing left to do: done.
void settle(Backfill& backfill, Timestamp now);

// What became of a due time that was taken up.
enum class FiringFate : std::uint8_t {
    Submitted,  // its job is in the queue
    Skipped,    // it had a job of its own already
    Ended,      // its job is final, or gone
    Dropped,    // canceled before it was submitted
};
// Each counts once: a firing that is not open any more, or known as submitted, changes nothing.
void resolve(Backfill& backfill, JobId job, FiringFate fate);

// The first due time t of the schedule with from ≤ t < until; its own start and end count.
// Errors: those of `zones`.
Result<std::optional<Timestamp>> first_due(const Cron& cron, const TimeZones& zones,
                                           const JobSchedule& schedule, Timestamp from,
                                           Timestamp until);

}  // namespace zs::jobs
