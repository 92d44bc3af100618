#include "core/jobs/backfiller.hpp"

#include "async/sleep.hpp"
#include "base/log.hpp"
#include "core/jobs/limits.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

namespace zs::jobs {
namespace json = boost::json;
namespace {

constexpr Millis kLook{1'000};
// After a look that moved something: jobs are short, and the next due time waits for their end.
constexpr Millis kSoon{100};
// With nothing to do, how long that is believed: what other processes made, they begin themselves.
constexpr Seconds kIdleFor{10};
constexpr std::size_t kPage = 100;
constexpr int kSaveTries = 10;
// Due times that are counted before others on this thread get their turn.
constexpr std::uint64_t kCountedAtOnce = 1'000;

Error changed_meanwhile() {
    return conflict("this back-fill was changed by somebody else: try again");
}

}  // namespace

struct Backfiller::Impl {
    Impl(BackfillPorts p, async::Executor executor)
        : ports(p), step(p), group(std::move(executor), "back-fills") {}

    async::Task<Result<JobSchedule>> schedule(identity::Tenant tenant, ScheduleId id);
    async::Task<Result<std::uint64_t>> count(const JobSchedule& schedule, Backfill& backfill);
    template <class Change>
    async::Task<Result<Backfill>> update(identity::Tenant tenant, ScheduleId schedule,
                                         BackfillId id, Change change);
    async::Task<Result<std::vector<Backfill>>> read_unsettled();
    bool may_rest(Timestamp now);
    void look_again();
    async::Task<> loop(Backfiller& backfiller);

    BackfillPorts ports;
    BackfillStep step;
    async::TaskGroup group;
    Millis pause = kLook;  // of the loop
    std::mutex mutex;      // of what follows
    std::optional<Timestamp> idle_since;
};

Backfiller::Backfiller(BackfillPorts ports, async::Executor executor)
    : impl_(std::make_unique<Impl>(ports, std::move(executor))) {}

Backfiller::~Backfiller() = default;

async::Task<Result<JobSchedule>> Backfiller::Impl::schedule(identity::Tenant tenant,
                                                            ScheduleId id) {
    auto found = co_await ports.schedules.find(std::move(tenant), id);
    if (!found) co_return found.error();
    if (!*found) co_return no_such_schedule();
    co_return std::move(**found);
}

// Counts the due times of the range, and puts `position` on the first one.
async::Task<Result<std::uint64_t>> Backfiller::Impl::count(const JobSchedule& schedule,
                                                           Backfill& backfill) {
    const auto cron = Cron::parse(schedule.cron_expression);
    if (!cron) co_return cron.error();
    std::uint64_t total = 0;
    Timestamp from = backfill.from;
    while (true) {
        const auto due = first_due(*cron, ports.zones, schedule, from, backfill.to);
        if (!due) co_return due.error();
        if (!*due) co_return total;
        if (total == 0) backfill.position = **due;
        if (++total > limits::kBackfillTimesMax) {
            co_return invalid_field("to",
                                    "the schedule is due more than "
                                        + std::to_string(limits::kBackfillTimesMax)
                                        + " times in this range: ask for a shorter one",
                                    "too_many_due_times");
        }
        from = **due + Millis(1);
        if (total % kCountedAtOnce != 0) continue;
        const auto executor = co_await boost::asio::this_coro::executor;
        co_await boost::asio::post(executor, boost::asio::use_awaitable);
    }
}

async::Task<Result<Backfill>> Backfiller::create(Submitter who, ScheduleId schedule,
                                                 json::object json) {
    auto of = co_await impl_->schedule(who.tenant, schedule);
    if (!of) co_return of.error();
    const Timestamp now = impl_->ports.clock.now();
    const auto range = parse_backfill(json, now);
    if (!range) co_return range.error();
    const auto spec = co_await impl_->ports.intake.read(who, of->spec);
    if (!spec) co_return spec.error();
    Backfill backfill;
    backfill.id = BackfillId::next(impl_->ports.clock);
    backfill.schedule = schedule;
    backfill.tenant = who.tenant;
    backfill.from = range->from;
    backfill.to = range->to;
    backfill.parallel = range->parallel;
    backfill.created_by = who.user_id;
    backfill.created_at = now;
    const auto total = co_await impl_->count(*of, backfill);
    if (!total) co_return total.error();
    backfill.total = *total;
    settle(backfill, now);
    const auto added = co_await impl_->ports.backfills.add(backfill, limits::kBackfillsMax);
    if (!added) co_return added.error();
    impl_->look_again();
    co_return backfill;
}

async::Task<Result<Backfill>> Backfiller::find(identity::Tenant tenant, ScheduleId schedule,
                                               BackfillId id) {
    auto found = co_await impl_->ports.backfills.find(std::move(tenant), schedule, id);
    if (!found) co_return found.error();
    if (!*found) co_return no_such_backfill();
    co_return std::move(**found);
}

async::Task<Result<identity::Page<Backfill>>> Backfiller::list(identity::Tenant tenant,
                                                               ScheduleId schedule,
                                                               identity::PageRequest page) {
    auto checked = identity::check_limit(page);
    if (!checked) co_return checked.error();
    const auto of = co_await impl_->schedule(tenant, schedule);
    if (!of) co_return of.error();
    const std::string filters = "back-fills of " + schedule.to_string();
    std::optional<BackfillId> after;
    if (page.cursor) {
        auto key = identity::read_cursor(filters, *page.cursor);
        if (!key) co_return key.error();
        auto id = BackfillId::parse(*key);
        if (!id) co_return invalid_argument("this cursor is damaged", "invalid_cursor");
        after = *id;
    }
    const auto limit = static_cast<std::size_t>(page.limit) + 1;
    auto all = co_await impl_->ports.backfills.list(std::move(tenant), schedule, after, limit);
    if (!all) co_return all.error();
    const auto key_of = [](const Backfill& one) { return one.id.to_string(); };
    co_return identity::make_page(std::move(*all), page, filters, key_of);
}

// Reads, changes and saves, until nobody else did so in between.
template <class Change>
async::Task<Result<Backfill>> Backfiller::Impl::update(identity::Tenant tenant, ScheduleId schedule,
                                                       BackfillId id, Change change) {
    for (int i = 0; i < kSaveTries; ++i) {
        auto found = co_await ports.backfills.find(tenant, schedule, id);
        if (!found) co_return found.error();
        if (!*found) co_return no_such_backfill();
        Backfill& backfill = **found;
        const Result<void> changed = change(backfill);
        if (!changed) co_return changed.error();
        const auto saved = co_await ports.backfills.save(backfill);
        if (!saved) co_return saved.error();
        if (!*saved) continue;
        look_again();
        co_return std::move(backfill);
    }
    co_return changed_meanwhile();
}

async::Task<Result<Backfill>> Backfiller::change(identity::Tenant tenant, ScheduleId schedule,
                                                 BackfillId id, json::object json) {
    const auto wanted = parse_backfill_change(json);
    if (!wanted) co_return wanted.error();
    auto work = [wanted = *wanted](Backfill& backfill) { return apply(backfill, wanted); };
    co_return co_await impl_->update(std::move(tenant), schedule, id, std::move(work));
}

async::Task<Result<Backfill>> Backfiller::cancel(identity::Tenant tenant, ScheduleId schedule,
                                                 BackfillId id) {
    const Timestamp now = impl_->ports.clock.now();
    auto work = [now](Backfill& backfill) { return jobs::cancel(backfill, now); };
    co_return co_await impl_->update(std::move(tenant), schedule, id, std::move(work));
}

async::Task<Result<std::vector<Backfill>>> Backfiller::Impl::read_unsettled() {
    std::vector<Backfill> all;
    std::optional<BackfillId> after;
    while (true) {
        auto page = co_await ports.backfills.unsettled(after, kPage);
        if (!page) co_return page.error();
        const std::size_t count = page->size();
        for (auto& one : *page)
            all.push_back(std::move(one));
        if (count < kPage) co_return all;
        after = all.back().id;
    }
}

bool Backfiller::Impl::may_rest(Timestamp now) {
    const std::lock_guard lock(mutex);
    return idle_since && now >= *idle_since && now - *idle_since < kIdleFor;
}

void Backfiller::Impl::look_again() {
    const std::lock_guard lock(mutex);
    idle_since.reset();
}

async::Task<Millis> Backfiller::tick() {
    const Timestamp now = impl_->ports.clock.now();
    if (impl_->may_rest(now)) co_return kLook;
    {
        // A change from here on makes the list be read once more.
        const std::lock_guard lock(impl_->mutex);
        impl_->idle_since = now;
    }
    auto all = co_await impl_->read_unsettled();
    if (!all) log::warn("back-fills cannot be read", {{"error", all.error().message}});
    if (!all || !all->empty()) impl_->look_again();
    bool moved = false;
    if (all) {
        for (auto& backfill : *all) {
            const BackfillId id = backfill.id;
            const auto stepped = co_await impl_->step.run(std::move(backfill));
            if (stepped) {
                moved = moved || *stepped;
            } else {
                log::warn("a back-fill could not go on",
                          {{"backfill", id.to_string()}, {"error", stepped.error().message}});
            }
        }
    }
    impl_->pause = moved ? kSoon : std::min(2 * impl_->pause, kLook);
    co_return impl_->pause;
}

async::Task<> Backfiller::Impl::loop(Backfiller& backfiller) {
    Millis wait = kLook;
    while (true) {
        co_await async::sleep_for(wait);
        wait = kLook;
        try {
            wait = co_await backfiller.tick();
        } catch (const std::exception& failure) {
            log::error("a look at the back-fills failed", {{"error", failure.what()}});
        }
    }
}

void Backfiller::ask_rights(Scheduler::RightsNow rights) {
    impl_->step.ask_rights(std::move(rights));
}

void Backfiller::run() {
    impl_->group.spawn(impl_->loop(*this));
}

void Backfiller::stop() {
    impl_->group.cancel();
}

void Backfiller::join_blocking() {
    impl_->group.join_blocking();
}

}  // namespace zs::jobs
