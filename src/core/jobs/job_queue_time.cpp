#include "async/sleep.hpp"
#include "base/log.hpp"
#include "core/jobs/job_events.hpp"
#include "core/jobs/job_queue_impl.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>

namespace zs::jobs {
namespace {

// What the last change of its state would have told.
Transition last_change(const Job& job) {
    Transition change;
    change.job = brief_of(job);
    change.cancel_was_requested =
        job.state == JobState::Running && job.cancel_requested_at.has_value();
    change.seq = job.last_seq;
    change.error = job.error;
    change.output = job.output;
    change.at = job.updated_at;
    return change;
}

}  // namespace

void JobQueue::Impl::suspect(const identity::Tenant& tenant, JobId job) {
    const std::lock_guard lock(mutex);
    suspects.emplace(tenant, job);
}

void JobQueue::Impl::suspect(JobId job) {
    const std::lock_guard lock(mutex);
    if (const Lease* lease = leases.find(job)) {
        suspects.emplace(lease->tenant, job);
    } else if (auto tenant = ready.tenant(job)) {
        suspects.emplace(*tenant, job);
    }
}

// Jobs of which a call failed without saying whether it happened: what the store has is right.
async::Task<> JobQueue::Impl::look_again() {
    std::vector<std::pair<identity::Tenant, JobId>> some;
    {
        const std::lock_guard lock(mutex);
        while (!suspects.empty() && some.size() < limits::kBatchMax)
            some.push_back(suspects.extract(suspects.begin()).value());
        for (const auto& [tenant, job] : some)
            gate.begin(job);
    }
    for (const auto& [tenant, job] : some) {
        auto found = co_await ports.jobs.find(tenant, job);
        std::vector<Finding> findings;
        if (!found) {
            suspect(tenant, job);
        } else if (*found) {
            Finding finding;
            finding.seq = (*found)->last_seq;
            finding.tenant = tenant;
            finding.seen = brief_of(**found);
            finding.news = last_change(**found);
            findings.push_back(std::move(finding));
        } else {
            const std::lock_guard lock(mutex);
            untold.erase(job);
            forget(tenant, job, LeaseToken{~std::uint64_t{0}});
        }
        end(job, std::move(findings));
    }
}

async::Task<> JobQueue::Impl::give_back(LeaseRef orphan) {
    FinishedAttempt attempt;
    attempt.lease = orphan;
    attempt.outcome.kind = Outcome::Kind::Released;
    attempt.now = now().wall;
    auto given = co_await finishes.call(std::move(attempt));
    if (!given) suspect(orphan.job);
}

async::Task<> JobQueue::Impl::sweep_expired(Now at) {
    SweepQuery query;
    query.now = at.wall;
    query.lost_leases_max = config.lost_leases_max;
    Stops stops;
    {
        const std::lock_guard lock(mutex);
        query.lost = leases.expired(at.moment, limits::kBatchMax);
        for (const auto& ref : query.lost) {
            stops.emplace_back(ref, StopReason::LeaseLost);
            // Another process may have heard of its worker: the store's own time decides.
            shared() ? leases.erase(ref.job) : gate.begin(ref.job);
        }
        if (shared()) query.lost.clear();
        query.find_expired = shared() && at.moment - swept_at >= limits::kSharedSweep;
        if (query.find_expired) swept_at = at.moment;
    }
    notify(stops);
    if (query.lost.empty() && !query.find_expired) co_return;
    const auto lost = query.lost;
    auto swept = co_await ports.jobs.sweep(std::move(query));
    if (!swept) {
        log::warn("expired leases could not be taken back", {{"error", swept.error().message}});
        for (const auto& ref : lost)
            end(ref.job, std::vector<Finding>());
        co_return;
    }
    // Split by job: what an end released or canceled goes with the job before it.
    std::map<JobId, Changes> by_job;
    Changes others;
    std::set<JobId> called;
    for (const auto& ref : lost)
        called.insert(ref.job);
    for (auto& transition : swept->changes.transitions) {
        const JobId job = transition.job.id;
        auto& into = called.contains(job) ? by_job[job] : others;
        into.transitions.push_back(std::move(transition));
    }
    for (const auto& ref : lost) {
        if (!by_job.contains(ref.job)) suspect(ref.job);
        end(ref.job, by_job[ref.job]);
    }
    for (auto& transition : others.transitions) {
        Changes one;
        const JobId job = transition.job.id;
        one.transitions.push_back(std::move(transition));
        begin(job);
        end(job, one);
    }
    if (!swept->changes.transitions.empty()) wake_shared();
}

async::Task<> JobQueue::Impl::purge(Now at) {
    if (config.retention_days == 0 || at.moment - purged_at < limits::kPurgeInterval) co_return;
    SweepQuery query;
    query.now = at.wall;
    query.purge_completed_before = at.wall - std::chrono::hours(24 * config.retention_days);
    query.purge_max = limits::kPurgeStep;
    auto swept = co_await ports.jobs.sweep(std::move(query));
    // A full step means that there is more: go on at the next look.
    if (!swept || swept->purged.size() < limits::kPurgeStep) purged_at = at.moment;
    if (!swept) log::warn("old jobs were not removed", {{"error", swept.error().message}});
}

void JobQueue::Impl::expire_waiters(Now at) {
    const std::lock_guard lock(mutex);
    answer_empty([&](const auto& waiter) { return waiter.until <= at.moment; });
    for (auto job = watchers.begin(); job != watchers.end();) {
        auto& waiters = job->second;
        for (auto waiter = waiters.begin(); waiter != waiters.end();) {
            if (waiter->until > at.moment) {
                ++waiter;
                continue;
            }
            waiter->done.complete(false);
            waiter = waiters.erase(waiter);
            --watcher_count;
        }
        job = waiters.empty() ? watchers.erase(job) : std::next(job);
    }
}

void JobQueue::Impl::flush_progress(Now at) {
    const std::lock_guard lock(mutex);
    for (auto& [job, lease] : leases) {
        if (!lease.progress || at.moment - lease.progress_at < limits::kProgressInterval) continue;
        lease.progress_at = at.moment;
        publish(lease.tenant, progress_event(job, *lease.progress));
        lease.progress.reset();
    }
}

async::Task<> JobQueue::tick() {
    Impl& queue = *impl_;
    const Now at = queue.now();
    {
        const std::lock_guard lock(queue.mutex);
        if (queue.ticking) co_return;
        queue.ticking = true;
        queue.ready.pass_time(at);
        queue.pump();
    }
    queue.expire_waiters(at);
    queue.flush_progress(at);
    queue.registry.expire();
    co_await queue.sweep_expired(at);
    co_await queue.look_again();
    if (queue.shared()) co_await queue.learn(at);
    co_await queue.purge(at);
    const std::lock_guard lock(queue.mutex);
    queue.ticking = false;
}

// Until something is due; at most a tick, because clocks jump.
Millis JobQueue::Impl::until_next(Now at) {
    const std::lock_guard lock(mutex);
    Moment next = at.moment + limits::kTick;
    if (const auto due = ready.next_moment(at)) next = std::min(next, *due);
    if (const auto end = leases.next_end()) next = std::min(next, *end);
    for (const auto& waiter : workers_waiting)
        next = std::min(next, waiter.until);
    return std::max(Millis(1), next - at.moment);
}

async::Task<> JobQueue::Impl::pass_time(JobQueue& queue) {
    while (true) {
        const Millis pause = until_next(now());
        co_await async::sleep_for(pause);
        try {
            co_await queue.tick();
        } catch (const boost::system::system_error& failure) {
            if (failure.code() == boost::asio::error::operation_aborted)
                throw;  // stop() was called
            log::error("a look at the time of jobs failed", {{"error", failure.what()}});
        } catch (const std::exception& failure) {
            log::error("a look at the time of jobs failed", {{"error", failure.what()}});
            const std::lock_guard lock(mutex);
            ticking = false;
        }
    }
}

async::Task<Result<void>> JobQueue::Impl::load() {
    auto paused = co_await ports.queues.paused();
    if (!paused) co_return paused.error();
    {
        const std::lock_guard lock(mutex);
        for (const auto& tenant : *paused)
            ready.set_paused(tenant, true);
    }
    if (shared()) co_return Result<void>();
    JobFilter filter;
    filter.every_tenant = true;
    filter.limit = 1000;
    std::size_t loaded = 0;
    while (true) {
        const identity::Tenant nobody{};
        auto jobs = co_await ports.jobs.list(nobody, filter);
        if (!jobs) co_return jobs.error();
        const Now at = now();
        const std::lock_guard lock(mutex);
        for (const auto& job : *jobs) {
            ready.put(brief_of(job), at);
            if (job.state != JobState::Running) continue;
            leases.put(known_lease(job, at));
        }
        loaded += jobs->size();
        if (jobs->size() < filter.limit) break;
        filter.behind = {{jobs->back().created_at, jobs->back().id}};
    }
    if (loaded > 0) log::info("jobs are back", {{"jobs", std::int64_t(loaded)}});
    co_return Result<void>();
}

async::Task<Result<LeasedJob>> JobQueue::leased(LeaseRef ref) {
    auto tenant = tenant_of(ref);
    if (!tenant) co_return lease_lost();
    auto job = co_await impl_->ports.jobs.find(*tenant, ref.job);
    if (!job) co_return job.error();
    if (!*job || (*job)->token != ref.token || (*job)->state != JobState::Running) {
        co_return lease_lost();
    }
    LeasedJob leased;
    leased.job = std::move(**job);
    co_return leased;
}

}  // namespace zs::jobs
