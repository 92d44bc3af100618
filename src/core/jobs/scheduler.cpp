#include "core/jobs/scheduler.hpp"

#include "async/sleep.hpp"
#include "base/log.hpp"
#include "core/jobs/cron.hpp"
#include "core/jobs/limits.hpp"
#include "core/jobs/schedule_text.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <functional>
#include <mutex>
#include <utility>

namespace zs::jobs {
namespace json = boost::json;
namespace {

constexpr Millis kLook{1'000};
// A due time that is found this late was not missed: the loop was only busy.
constexpr Millis kOnTime{60'000};
constexpr std::size_t kPageOfSchedules = 500;

// How long the list of active schedules is believed: changes made by other processes show up then.
// What is due is read again before it fires, so an old list only delays.
constexpr Seconds kListGoodFor{10};

// What a look at one schedule's times shows.
struct DueTimes {
    std::vector<Timestamp> now;     // that count, in order
    std::optional<Timestamp> next;  // when there will be another one
};

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

Error no_such_schedule() {
    return not_found("there is no such schedule");
}

struct Scheduler::Impl {
    Impl(ScheduleStore& s, JobIntake& i, JobQueue& q, const TimeZones& z, const Clock& c,
         async::Executor executor)
        : store(s), intake(i), queue(q), zones(z), clock(c), group(executor, "schedules") {}

    async::Task<Result<JobSchedule>> read(Submitter who, json::object json);
    Result<DueTimes> due(const JobSchedule& schedule, Timestamp now) const;
    async::Task<Result<void>> read_active(Timestamp now);
    async::Task<Result<void>> look_at(identity::Tenant tenant, ScheduleId id, Timestamp now);
    std::vector<std::pair<identity::Tenant, ScheduleId>> take_due(Timestamp now);
    bool is_list_good(Timestamp now);
    void read_again();
    async::Task<Result<ScheduleProgress>> fire(JobSchedule& schedule, Timestamp nominal);
    async::Task<Result<bool>> may_run(JobSchedule& schedule, json::object& spec);
    ScheduleView view(JobSchedule schedule) const;
    async::Task<> loop(Scheduler& scheduler);

    ScheduleStore& store;
    JobIntake& intake;
    JobQueue& queue;
    const TimeZones& zones;
    const Clock& clock;
    RightsNow rights;
    async::TaskGroup group;

    // An active schedule, and when something of it is due.
    struct Known {
        JobSchedule schedule;
        std::optional<Timestamp> next;
    };
    std::mutex mutex;  // of what follows
    std::vector<Known> known;
    std::optional<Timestamp> read_at;
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
    impl_->read_again();
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
    impl_->read_again();
    co_return co_await find(who.tenant, id);
}

async::Task<Result<ScheduleView>> Scheduler::find(identity::Tenant tenant, ScheduleId id) {
    auto found = co_await impl_->store.find(std::move(tenant), id);
    if (!found) co_return found.error();
    if (!*found) co_return no_such_schedule();
    co_return impl_->view(std::move(**found));
}

async::Task<Result<void>> Scheduler::remove(identity::Tenant tenant, ScheduleId id) {
    auto removed = co_await impl_->store.remove(std::move(tenant), id);
    impl_->read_again();
    co_return removed;
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
Result<DueTimes> Scheduler::Impl::due(const JobSchedule& schedule, Timestamp now) const {
    auto cron = Cron::parse(schedule.cron_expression);
    if (!cron) return cron.error();
    const Timestamp on_time = now - kOnTime - schedule.jitter;
    Timestamp after = schedule.catch_up == CatchUp::None
                          ? on_time
                          : std::min(on_time, now - schedule.catch_up_window);
    after = std::max(after, schedule.high_water);
    if (schedule.start_at) after = std::max(after, *schedule.start_at - Millis(1));
    DueTimes found;
    auto& times = found.now;
    while (times.size() < limits::kCatchUpRunsMax) {
        auto next = cron->next(zones, schedule.timezone, after);
        if (!next) return next.error();
        if (!*next || (schedule.end_at && **next >= *schedule.end_at)) break;
        const Timestamp fires = **next + jitter_of(schedule, **next);
        if (fires > now) {
            found.next = fires;
            break;
        }
        after = **next;
        times.push_back(after);
    }
    if (schedule.catch_up == CatchUp::All || times.empty()) return found;
    // Of those that were missed, the latest only, or none.
    const auto first_on_time =
        std::find_if(times.begin(), times.end(), [&](Timestamp at) { return at >= on_time; });
    auto keep = first_on_time;
    if (schedule.catch_up == CatchUp::Latest && keep != times.begin()) --keep;
    times.erase(times.begin(), keep);
    return found;
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
    CreatorRights allowed;
    if (rights && schedule.created_by) {
        auto asked = co_await rights(schedule.tenant, *schedule.created_by);
        if (!asked) co_return asked.error();
        allowed = *asked;
    }
    if (!allowed.may_submit) {
        progress.last_error = "its creator may not submit jobs any more";
        co_return progress;
    }
    auto may = co_await may_run(schedule, spec);
    if (!may) co_return may.error();
    if (!*may) co_return progress;
    Submitter who;
    who.tenant = schedule.tenant;
    who.user_id = schedule.created_by;
    who.may_read_files = allowed.may_read_files;
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

void Scheduler::Impl::read_again() {
    const std::lock_guard lock(mutex);
    read_at.reset();
}

bool Scheduler::Impl::is_list_good(Timestamp now) {
    const std::lock_guard lock(mutex);
    return read_at && now >= *read_at && now - *read_at < kListGoodFor;
}

async::Task<Result<void>> Scheduler::Impl::read_active(Timestamp now) {
    std::vector<Known> all;
    std::optional<ScheduleId> after;
    {
        // A change from here on makes the list be read once more.
        const std::lock_guard lock(mutex);
        read_at = now;
    }
    while (true) {
        auto page = co_await store.active(after, kPageOfSchedules);
        if (!page) {
            read_again();
            co_return page.error();
        }
        if (!page->empty()) after = page->back().id;
        for (auto& schedule : *page) {
            Known one{std::move(schedule), now};
            all.push_back(std::move(one));
        }
        if (page->size() < kPageOfSchedules) break;
    }
    const std::lock_guard lock(mutex);
    known = std::move(all);
    co_return Result<void>();
}

// Those with something due; of the others it is known from now on when that will be.
std::vector<std::pair<identity::Tenant, ScheduleId>> Scheduler::Impl::take_due(Timestamp now) {
    std::vector<std::pair<identity::Tenant, ScheduleId>> some;
    const std::lock_guard lock(mutex);
    for (auto& [schedule, next] : known) {
        if (!next || *next > now) continue;
        auto times = due(schedule, now);
        if (!times) {
            next = now + kListGoodFor;
            log::warn("a schedule cannot be read",
                      {{"schedule", schedule.id.to_string()}, {"error", times.error().message}});
            continue;
        }
        next = times->next;
        if (!times->now.empty()) some.emplace_back(schedule.tenant, schedule.id);
    }
    return some;
}

// As it is now: somebody else may have fired, changed or removed it.
async::Task<Result<void>> Scheduler::Impl::look_at(identity::Tenant tenant, ScheduleId id,
                                                   Timestamp now) {
    auto found = co_await store.find(std::move(tenant), id);
    if (!found) co_return found.error();
    if (!*found || !(*found)->is_active) co_return Result<void>();
    JobSchedule schedule = std::move(**found);
    auto times = due(schedule, now);
    if (!times) co_return times.error();
    for (const Timestamp nominal : times->now) {
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
    if (!impl_->is_list_good(now)) {
        auto read = co_await impl_->read_active(now);
        if (!read) log::warn("schedules cannot be read", {{"error", read.error().message}});
    }
    for (auto& [tenant, id] : impl_->take_due(now)) {
        // What it did, or could not do, is in the store: the list is old.
        impl_->read_again();
        auto looked = co_await impl_->look_at(std::move(tenant), id, now);
        if (looked) continue;
        log::warn("a schedule could not fire",
                  {{"schedule", id.to_string()}, {"error", looked.error().message}});
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

void Scheduler::ask_rights(RightsNow rights) {
    impl_->rights = std::move(rights);
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
