#include "core/jobs/scheduler.hpp"

#include "async/sleep.hpp"
#include "base/log.hpp"
#include "core/jobs/cron.hpp"
#include "core/jobs/limits.hpp"
#include "core/jobs/schedule_text.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <functional>

namespace zs::jobs {
namespace json = boost::json;
namespace {

constexpr Millis kLook{1'000};
// A due time that is found this late was not missed: the loop was only busy.
constexpr Millis kOnTime{60'000};
constexpr std::size_t kPageOfSchedules = 500;

// The same for everybody who looks at this due time.
Millis jitter_of(const JobSchedule& schedule, Timestamp nominal) {
    if (schedule.jitter == Seconds(0)) return Millis(0);
    const auto mixed =
        std::hash<ScheduleId>{}(schedule.id)
        ^ (static_cast<std::uint64_t>(to_unix_millis(nominal)) * 0x9E3779B97F4A7C15ULL);
    return Millis(static_cast<std::int64_t>(
        mixed % static_cast<std::uint64_t>(Millis(schedule.jitter).count() + 1)));
}

// Before the spec's own dependencies: the job of the last due time.
void wait_for_last(json::object& spec, JobId last) {
    json::object dependency;
    dependency["job_id"] = last.to_string();
    dependency["when"] = "finished";
    auto& all = spec["depends_on"];
    if (!all.is_array()) all = json::array();
    all.get_array().push_back(std::move(dependency));
}

}  // namespace

struct Scheduler::Impl {
    Impl(ScheduleStore& s, JobIntake& i, JobQueue& q, const TimeZones& z, const Clock& c,
         async::Executor executor)
        : store(s), intake(i), queue(q), zones(z), clock(c), group(executor, "schedules") {}

    async::Task<Result<JobSchedule>> read(Submitter who, json::object json);
    Result<std::vector<Timestamp>> due(const JobSchedule& schedule, Timestamp now) const;
    async::Task<Result<void>> look_at(JobSchedule schedule, Timestamp now);
    async::Task<Result<ScheduleProgress>> fire(JobSchedule& schedule, Timestamp nominal);
    async::Task<Result<bool>> may_run(JobSchedule& schedule, json::object& spec);
    ScheduleView view(JobSchedule schedule) const;
    async::Task<> loop(Scheduler& scheduler);

    ScheduleStore& store;
    JobIntake& intake;
    JobQueue& queue;
    const TimeZones& zones;
    const Clock& clock;
    async::TaskGroup group;
};

Scheduler::Scheduler(ScheduleStore& store, JobIntake& intake, JobQueue& queue,
                     const TimeZones& zones, const Clock& clock, async::Executor executor)
    : impl_(std::make_unique<Impl>(store, intake, queue, zones, clock, std::move(executor))) {}

Scheduler::~Scheduler() = default;

ScheduleView Scheduler::Impl::view(JobSchedule schedule) const {
    ScheduleView view;
    view.schedule = std::move(schedule);
    const JobSchedule& s = view.schedule;
    const auto cron = Cron::parse(s.cron_expression);
    if (!s.is_active || !cron) return view;
    Timestamp after = std::max(s.high_water, clock.now());
    if (s.start_at) after = std::max(after, *s.start_at - Millis(1));
    const auto next = cron->next(zones, s.timezone, after);
    if (next && *next && (!s.end_at || **next < *s.end_at)) view.next_run_at = **next;
    return view;
}

async::Task<Result<JobSchedule>> Scheduler::Impl::read(Submitter who, json::object json) {
    auto schedule = parse_job_schedule(json);
    if (!schedule) co_return schedule.error();
    auto cron = Cron::parse(schedule->cron_expression);
    if (!cron) co_return cron.error();
    const Timestamp now = clock.now();
    auto zone = zones.span(schedule->timezone, now);
    if (!zone) co_return std::move(zone.error()).with("field", std::string_view("timezone"));
    auto spec = co_await intake.read(who, schedule->spec);
    if (!spec) co_return spec.error();
    schedule->tenant = who.tenant;
    schedule->created_by = who.user_id;
    schedule->updated_at = now;
    schedule->high_water = now;
    co_return schedule;
}

async::Task<Result<ScheduleView>> Scheduler::create(Submitter who, json::object json) {
    auto schedule = co_await impl_->read(std::move(who), std::move(json));
    if (!schedule) co_return schedule.error();
    schedule->id = ScheduleId::next(impl_->clock);
    schedule->created_at = schedule->updated_at;
    auto added = co_await impl_->store.add(*schedule);
    if (!added) co_return added.error();
    co_return impl_->view(std::move(*schedule));
}

async::Task<Result<ScheduleView>> Scheduler::replace(Submitter who, ScheduleId id,
                                                     json::object json) {
    auto was = co_await find(who.tenant, id);
    if (!was) co_return was.error();
    auto schedule = co_await impl_->read(who, std::move(json));
    if (!schedule) co_return schedule.error();
    schedule->id = id;
    schedule->high_water = std::max(schedule->high_water, was->schedule.high_water);
    auto replaced = co_await impl_->store.replace(*schedule);
    if (!replaced) co_return replaced.error();
    co_return co_await find(who.tenant, id);
}

async::Task<Result<ScheduleView>> Scheduler::find(identity::Tenant tenant, ScheduleId id) {
    auto found = co_await impl_->store.find(std::move(tenant), id);
    if (!found) co_return found.error();
    if (!*found) co_return not_found("there is no such schedule");
    co_return impl_->view(std::move(**found));
}

async::Task<Result<void>> Scheduler::remove(identity::Tenant tenant, ScheduleId id) {
    co_return co_await impl_->store.remove(std::move(tenant), id);
}

async::Task<Result<identity::Page<ScheduleView>>> Scheduler::list(identity::Tenant tenant,
                                                                  identity::PageRequest page) {
    auto checked = identity::check_limit(page);
    if (!checked) co_return checked.error();
    const std::string filters = "job schedules";
    std::optional<ScheduleId> after;
    if (page.cursor) {
        auto key = identity::read_cursor(filters, *page.cursor);
        if (!key) co_return key.error();
        auto id = ScheduleId::parse(*key);
        if (!id) co_return invalid_argument("this cursor is damaged", "invalid_cursor");
        after = *id;
    }
    const auto limit = static_cast<std::size_t>(page.limit) + 1;
    auto all = co_await impl_->store.list(std::move(tenant), after, limit);
    if (!all) co_return all.error();
    std::vector<ScheduleView> views;
    for (auto& schedule : *all)
        views.push_back(impl_->view(std::move(schedule)));
    const auto key_of = [](const ScheduleView& one) { return one.schedule.id.to_string(); };
    co_return identity::make_page(std::move(views), page, filters, key_of);
}

async::Task<Result<Submitted>> Scheduler::trigger(Submitter who, ScheduleId id) {
    auto found = co_await find(who.tenant, id);
    if (!found) co_return found.error();
    who.schedule_id = id;
    co_return co_await impl_->intake.submit(std::move(who), found->schedule.spec);
}

// The times that count now, in order. What lies too far back to count is not walked through.
Result<std::vector<Timestamp>> Scheduler::Impl::due(const JobSchedule& schedule,
                                                    Timestamp now) const {
    auto cron = Cron::parse(schedule.cron_expression);
    if (!cron) return cron.error();
    const Timestamp on_time = now - kOnTime - schedule.jitter;
    Timestamp after = schedule.catch_up == CatchUp::None
                          ? on_time
                          : std::min(on_time, now - schedule.catch_up_window);
    after = std::max(after, schedule.high_water);
    if (schedule.start_at) after = std::max(after, *schedule.start_at - Millis(1));
    std::vector<Timestamp> times;
    while (times.size() < limits::kCatchUpRunsMax) {
        auto next = cron->next(zones, schedule.timezone, after);
        if (!next) return next.error();
        if (!*next || (schedule.end_at && **next >= *schedule.end_at)) break;
        if (**next + jitter_of(schedule, **next) > now) break;
        after = **next;
        times.push_back(after);
    }
    if (schedule.catch_up == CatchUp::All || times.empty()) return times;
    // Of those that were missed, the latest only, or none.
    const auto first_on_time =
        std::find_if(times.begin(), times.end(), [&](Timestamp at) { return at >= on_time; });
    auto keep = first_on_time;
    if (schedule.catch_up == CatchUp::Latest && keep != times.begin()) --keep;
    times.erase(times.begin(), keep);
    return times;
}

// Whether the last job lets another one run; changes the specification so that it waits, if it
// must.
async::Task<Result<bool>> Scheduler::Impl::may_run(JobSchedule& schedule, json::object& spec) {
    if (schedule.overlap == Overlap::Allow || !schedule.last_job_id) co_return true;
    const JobId last = *schedule.last_job_id;
    auto job = co_await queue.find(schedule.tenant, last);
    if (!job && job.error().code == ErrorCode::NotFound) co_return true;
    if (!job) co_return job.error();
    if (is_final(job->state)) co_return true;
    if (schedule.overlap == Overlap::Skip) co_return false;
    if (schedule.overlap == Overlap::Replace) {
        auto canceled = co_await queue.cancel(schedule.tenant, last);
        if (!canceled && canceled.error().code != ErrorCode::Conflict) co_return canceled.error();
    }
    wait_for_last(spec, last);
    co_return true;
}

async::Task<Result<ScheduleProgress>> Scheduler::Impl::fire(JobSchedule& schedule,
                                                            Timestamp nominal) {
    ScheduleProgress progress;
    progress.id = schedule.id;
    progress.high_water = nominal;
    json::object spec = schedule.spec;
    auto may = co_await may_run(schedule, spec);
    if (!may) co_return may.error();
    if (!*may) co_return progress;
    Submitter who;
    who.tenant = schedule.tenant;
    who.user_id = schedule.created_by;
    who.may_read_files = true;  // checked when the schedule was made
    who.schedule_id = schedule.id;
    who.nominal_time = nominal;
    auto submitted = co_await intake.submit(std::move(who), std::move(spec));
    if (submitted) {
        progress.last_run_at = clock.now();
        progress.last_job_id = submitted->id;
        progress.last_error = "";
        schedule.last_job_id = submitted->id;
    } else if (submitted.error().code == ErrorCode::Unavailable
               || submitted.error().code == ErrorCode::DeadlineExceeded) {
        co_return submitted.error();
    } else if (submitted.error().reason != "schedule_fired") {
        progress.last_error = submitted.error().message;
    }
    co_return progress;
}

async::Task<Result<void>> Scheduler::Impl::look_at(JobSchedule schedule, Timestamp now) {
    auto times = due(schedule, now);
    if (!times) co_return times.error();
    for (const Timestamp nominal : *times) {
        auto progress = co_await fire(schedule, nominal);
        if (!progress) co_return progress.error();
        auto advanced = co_await store.advance(std::move(*progress));
        if (!advanced) co_return advanced.error();
        if (!*advanced) co_return Result<void>();
    }
    co_return Result<void>();
}

async::Task<Timestamp> Scheduler::tick() {
    const Timestamp now = impl_->clock.now();
    std::optional<ScheduleId> after;
    while (true) {
        auto page = co_await impl_->store.active(after, kPageOfSchedules);
        if (!page) {
            log::warn("schedules cannot be read", {{"error", page.error().message}});
            break;
        }
        if (!page->empty()) after = page->back().id;
        for (auto& schedule : *page) {
            const ScheduleId id = schedule.id;
            auto looked = co_await impl_->look_at(std::move(schedule), now);
            if (looked) continue;
            log::warn("a schedule could not fire",
                      {{"schedule", id.to_string()}, {"error", looked.error().message}});
        }
        if (page->size() < kPageOfSchedules) break;
    }
    co_return now + kLook;
}

async::Task<> Scheduler::Impl::loop(Scheduler& scheduler) {
    while (true) {
        // On the second: that is when things are due.
        const auto into_second = clock.now().time_since_epoch() % kLook;
        co_await async::sleep_for(kLook - into_second);
        try {
            co_await scheduler.tick();
        } catch (const std::exception& failure) {
            log::error("a look at the schedules failed", {{"error", failure.what()}});
        }
    }
}

void Scheduler::run() {
    impl_->group.spawn(impl_->loop(*this));
}

void Scheduler::stop() {
    impl_->group.cancel();
}

void Scheduler::join_blocking() {
    impl_->group.join_blocking();
}

}  // namespace zs::jobs
