#include "core/jobs/backfill.hpp"

#include "core/jobs/backfill_store.hpp"
#include "core/jobs/field_reader.hpp"
#include "core/jobs/limits.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace zs::jobs {
namespace {

constexpr std::array<std::string_view, 4> kStates{"running", "paused", "done", "canceled"};

std::optional<std::uint32_t> read_parallel(FieldReader& in) {
    const auto number = in.integer("parallel", 1, limits::kBackfillParallelMax);
    if (!number) return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

Error finished(BackfillState state) {
    return conflict("this back-fill is " + std::string(to_text(state)) + " already",
                    "backfill_finished");
}

}  // namespace

Error no_such_backfill() {
    return not_found("this schedule has no such back-fill");
}
Error too_many_backfills(std::size_t unfinished_max) {
    return exhausted("a schedule has at most " + std::to_string(unfinished_max)
                         + " unfinished back-fills; cancel one, or wait for its end",
                     "too_many_backfills");
}

std::string_view to_text(BackfillState state) noexcept {
    return kStates[static_cast<std::size_t>(state)];
}

std::optional<BackfillState> backfill_state(std::string_view text) noexcept {
    const auto found = std::find(kStates.begin(), kStates.end(), text);
    if (found == kStates.end()) return std::nullopt;
    return static_cast<BackfillState>(found - kStates.begin());
}

bool Backfill::has_unsubmitted() const {
    return std::any_of(open.begin(), open.end(),
                       [](const Firing& one) { return !one.is_submitted; });
}

Result<BackfillRange> parse_backfill(const boost::json::object& json, Timestamp now) {
    FieldReader in(json);
    BackfillRange range;
    const auto from = in.get<Timestamp>("from");
    if (!from) in.reject("from", "is missing");
    const auto to = in.get<Timestamp>("to");
    if (!to) in.reject("to", "is missing");
    if (from && to && *to <= *from) in.refuse("to", "must be later than 'from'");
    if (to && *to > now) {
        in.refuse("to", "must not be in the future: what is due after " + to_rfc3339(now)
                            + " is for the schedule itself");
    }
    range.parallel = read_parallel(in).value_or(1);
    if (!in.ok()) return in.take_error();
    range.from = *from;
    range.to = *to;
    return range;
}

Result<BackfillChange> parse_backfill_change(const boost::json::object& json) {
    FieldReader in(json);
    BackfillChange change;
    change.paused = in.get<bool>("paused");
    change.parallel = read_parallel(in);
    if (!in.ok()) return in.take_error();
    return change;
}

Result<void> apply(Backfill& backfill, const BackfillChange& change) {
    if (is_final(backfill.state)) return finished(backfill.state);
    if (change.parallel) backfill.parallel = *change.parallel;
    if (!change.paused) return {};
    backfill.state = *change.paused ? BackfillState::Paused : BackfillState::Running;
    if (!*change.paused) backfill.last_error.clear();
    return {};
}

Result<void> cancel(Backfill& backfill, Timestamp now) {
    if (backfill.state == BackfillState::Done) return finished(backfill.state);
    if (backfill.state == BackfillState::Canceled) return {};
    backfill.state = BackfillState::Canceled;
    backfill.finished_at = now;
    return {};
}

void settle(Backfill& backfill, Timestamp now) {
    if (backfill.state != BackfillState::Running || backfill.position || !backfill.open.empty())
        return;
    backfill.state = BackfillState::Done;
    backfill.finished_at = now;
    backfill.last_error.clear();
}

void resolve(Backfill& backfill, JobId job, FiringFate fate) {
    auto& open = backfill.open;
    const auto found =
        std::find_if(open.begin(), open.end(), [&](const Firing& one) { return one.job == job; });
    if (found == open.end()) return;
    const bool was_submitted = std::exchange(found->is_submitted, true);
    switch (fate) {
        case FiringFate::Submitted:
            if (!was_submitted) ++backfill.submitted;
            return;
        case FiringFate::Ended:
            if (!was_submitted) ++backfill.submitted;
            open.erase(found);
            return;
        case FiringFate::Skipped:
            if (was_submitted) return;
            ++backfill.skipped;
            open.erase(found);
            return;
        case FiringFate::Dropped:
            if (!was_submitted) open.erase(found);
            return;
    }
}

Result<std::optional<Timestamp>> first_due(const Cron& cron, const TimeZones& zones,
                                           const JobSchedule& schedule, Timestamp from,
                                           Timestamp until) {
    if (schedule.start_at) from = std::max(from, *schedule.start_at);
    if (schedule.end_at) until = std::min(until, *schedule.end_at);
    auto next = cron.next(zones, schedule.timezone, from - Millis(1));
    if (!next) return next.error();
    if (!*next || **next >= until) return std::optional<Timestamp>();
    return *next;
}

}  // namespace zs::jobs
