#include "base/log.hpp"
#include "core/jobs/job_queue_impl.hpp"

#include <algorithm>
#include <iterator>

// Several processes on one store: what a process has to ask, because nobody told it, and what they
// tell each other so that nobody has to wait for the next look.
namespace zs::jobs {

// One full term, whatever it had when another process knew it.
Lease JobQueue::Impl::known_lease(const Job& job, Now at) const {
    Lease lease = new_lease(job, at);
    lease.expires = at.moment + config.lease;
    lease.hard_end = std::max(lease.expires, lease.hard_end);
    return lease;
}

void JobQueue::Impl::ring(Ring ring) {
    if (ports.bell != nullptr) ports.bell->ring(std::move(ring));
}

void JobQueue::Impl::ask_again() {
    ++works;
    const std::lock_guard lock(mutex);
    answer_empty([](const auto&) { return true; });
}

void JobQueue::Impl::wake_shared() {
    if (!shared()) return;
    ask_again();
    ring({true, {}});
}

void JobQueue::Impl::heard(const Ring& ring) {
    if (stopped) return;
    if (ring.work) ask_again();
    std::vector<std::pair<identity::Tenant, LeaseRef>> leased_here;
    {
        const std::lock_guard lock(mutex);
        for (const JobId id : ring.changed) {
            wake(id, true);
            if (const Lease* lease = leases.find(id)) {
                leased_here.emplace_back(lease->tenant, lease->ref);
            }
        }
    }
    if (!leased_here.empty()) calls.spawn(check_leases(std::move(leased_here)));
}

// Somebody else changed jobs that run here: a wish to cancel, or their leases are gone.
async::Task<> JobQueue::Impl::check_leases(
    std::vector<std::pair<identity::Tenant, LeaseRef>> some) {
    for (const auto& [tenant, ref] : some) {
        auto found = co_await ports.jobs.find(tenant, ref.job);
        if (!found) continue;  // the next heartbeat tells
        const bool is_live = *found && (*found)->token == ref.token && !is_final((*found)->state);
        Stops stops;
        {
            const std::lock_guard lock(mutex);
            Lease* lease = leases.find(ref);
            if (lease == nullptr) continue;
            if (!is_live) {
                stops.emplace_back(ref, StopReason::LeaseLost);
                leases.erase(ref.job, ref.token);
            } else if ((*found)->cancel_requested_at && !lease->cancel) {
                lease->cancel = true;
                stops.emplace_back(ref, StopReason::Cancel);
            }
        }
        notify(stops);
    }
}

async::Task<> JobQueue::Impl::learn(Now at) {
    {
        const std::lock_guard lock(mutex);
        if (at.moment - learned_at < limits::kSharedLook) co_return;
        learned_at = at.moment;
    }
    auto paused = co_await ports.queues.paused();
    if (paused) know_paused(std::move(*paused));
    if (ports.worker_store != nullptr) co_await exchange_workers(at);
}

void JobQueue::Impl::know_paused(std::vector<identity::Tenant> now_paused) {
    const std::lock_guard lock(mutex);
    std::set<identity::Tenant> all(now_paused.begin(), now_paused.end());
    for (const auto& tenant : paused_elsewhere) {
        if (!all.contains(tenant)) ready.set_paused(tenant, false);
    }
    for (const auto& tenant : all)
        ready.set_paused(tenant, true);
    paused_elsewhere = std::move(all);
}

async::Task<> JobQueue::Impl::exchange_workers(Now at) {
    auto own = registry.own();
    std::set<WorkerId> here;
    for (const auto& worker : own)
        here.insert(worker.id);
    std::vector<WorkerId> gone;
    {
        const std::lock_guard lock(mutex);
        std::set_difference(announced.begin(), announced.end(), here.begin(), here.end(),
                            std::back_inserter(gone));
        announced = std::move(here);
    }
    if (!gone.empty()) co_await ports.worker_store->forget(std::move(gone));
    const Timestamp forget_before = at.wall - limits::kWorkerForgotten;
    auto told = co_await ports.worker_store->announce(std::move(own), forget_before);
    if (!told) log::debug("workers are not announced", {{"error", told.error().message}});
    auto others = co_await ports.worker_store->list();
    if (others) registry.learn(std::move(*others));
}

async::Task<> JobQueue::leave() {
    Impl& queue = *impl_;
    if (!queue.shared() || queue.ports.worker_store == nullptr) co_return;
    std::vector<WorkerId> own;
    {
        const std::lock_guard lock(queue.mutex);
        own.assign(queue.announced.begin(), queue.announced.end());
        queue.announced.clear();
    }
    if (!own.empty()) co_await queue.ports.worker_store->forget(std::move(own));
}

// The caller holds the lock.
void JobQueue::Impl::add_known_obstacles(const JobBrief& job, Now at,
                                         std::vector<ReadyQueue::Obstacle>& all) {
    ReadyQueue::Obstacle obstacle;
    if (ready.paused(job.tenant)) {
        obstacle.rule = Waiting::Paused;
        all.push_back(obstacle);
    }
    if (job.eligible_at <= at.wall) return;
    obstacle.rule = Waiting::Schedule;
    obstacle.in = std::chrono::ceil<Millis>(job.eligible_at - at.wall);
    all.push_back(std::move(obstacle));
}

// The reasons that only the store knows: what runs, in whatever process.
async::Task<Result<void>> JobQueue::Impl::blocked_in_store(const Job& job, Why& why) {
    JobFilter filter;
    filter.states = {JobState::Running};
    filter.limit = limits::kClaimMax;
    auto running = co_await ports.jobs.list(job.tenant, filter);
    if (!running) co_return running.error();
    Blocker by_key;
    std::vector<JobId> all;
    for (const auto& other : *running) {
        const auto& limit = other.spec.concurrency;
        all.push_back(other.id);
        if (job.spec.concurrency && limit && limit->key == job.spec.concurrency->key) {
            by_key.held_by.push_back(other.id);
        }
    }
    if (job.spec.concurrency && by_key.held_by.size() >= job.spec.concurrency->max) {
        by_key.rule = to_text(Waiting::Concurrency);
        by_key.limit = job.spec.concurrency->max;
        by_key.detail = job.spec.concurrency->key;
        why.reasons.push_back(std::move(by_key));
    }
    if (config.running_max == 0 || all.size() < config.running_max) co_return Result<void>();
    Blocker quota;
    quota.rule = to_text(Waiting::Quota);
    quota.limit = config.running_max;
    if (all.size() > limits::kHeldByMax) all.resize(limits::kHeldByMax);
    quota.held_by = std::move(all);
    why.reasons.push_back(std::move(quota));
    co_return Result<void>();
}

// How many jobs wait is asked of the store now and then, and guessed in between: the limit keeps a
// queue from growing without end, and need not be exact.
async::Task<> JobQueue::Impl::count_waiting(identity::Tenant tenant) {
    if (config.pending_max == 0) co_return;
    const Moment at = now().moment;
    {
        const std::lock_guard lock(mutex);
        const auto known = waiting_counts.find(tenant);
        const bool fresh =
            known != waiting_counts.end() && at - known->second.counted_at < limits::kSharedLook;
        if (fresh) co_return;
        // Those who come meanwhile go by the old number.
        waiting_counts[tenant].counted_at = at;
    }
    const auto most = static_cast<std::size_t>(config.pending_max);
    auto count = co_await ports.queues.waiting(tenant, most);
    if (!count) co_return;
    const std::lock_guard lock(mutex);
    waiting_counts[tenant].jobs = *count;
}

// Heartbeats in the store. A lease does not go beyond its end, however often its worker calls.
async::Task<Result<std::vector<LeaseState>>> JobQueue::Impl::extend(WorkerId worker,
                                                                    std::vector<LeaseRef> refs) {
    std::vector<LeaseState> states(refs.size());
    std::vector<LeaseRef> live;
    std::vector<std::size_t> places;
    const Now at = now();
    {
        const std::lock_guard lock(mutex);
        for (std::size_t i = 0; i < refs.size(); ++i) {
            states[i].job = refs[i].job;
            const Lease* lease = leases.find(refs[i]);
            if (lease != nullptr && lease->hard_end <= at.moment) continue;
            live.push_back(refs[i]);
            places.push_back(i);
        }
    }
    if (live.empty()) co_return states;
    auto answers = co_await ports.jobs.extend(worker, std::move(live), config.lease, at.wall);
    if (!answers) co_return answers.error();
    const std::lock_guard lock(mutex);
    for (std::size_t i = 0; i < places.size() && i < answers->size(); ++i) {
        const LeaseState& answer = (*answers)[i];
        states[places[i]] = answer;
        const LeaseRef& ref = refs[places[i]];
        Lease* lease = leases.find(ref);
        if (lease != nullptr && !answer.kept) leases.erase(ref.job, ref.token);
        if (lease != nullptr && answer.kept) {
            leases.extend(*lease, at.moment + config.lease);
            lease->cancel = lease->cancel || answer.cancel_requested;
        }
    }
    co_return states;
}

async::Task<Result<void>> JobQueue::attach(identity::Tenant tenant, LeaseRef ref) {
    if (tenant_of(ref)) co_return Result<void>();
    Impl& queue = *impl_;
    if (!queue.shared()) co_return lease_lost();
    auto job = co_await queue.ports.jobs.find(tenant, ref.job);
    if (!job) co_return job.error();
    const bool is_live = *job && (*job)->state == JobState::Running && (*job)->token == ref.token;
    if (!is_live) co_return lease_lost();
    const std::lock_guard lock(queue.mutex);
    queue.leases.put(queue.known_lease(**job, queue.now()));
    co_return Result<void>();
}

async::Task<Result<void>> JobQueue::recall(WorkerId worker) {
    Impl& queue = *impl_;
    if (!queue.shared()) co_return Result<void>();
    JobFilter filter;
    filter.every_tenant = true;
    filter.states = {JobState::Running};
    filter.worker = worker;
    filter.limit = limits::kLeasesPerHeartbeatMax;
    while (true) {
        const identity::Tenant nobody{};
        auto jobs = co_await queue.ports.jobs.list(nobody, filter);
        if (!jobs) co_return jobs.error();
        std::vector<LeaseRef> refs;
        {
            const std::lock_guard lock(queue.mutex);
            for (const auto& job : *jobs)
                refs.push_back(queue.leases.put(queue.known_lease(job, queue.now())).ref);
        }
        if (!refs.empty()) {
            auto extended = co_await queue.extend(worker, std::move(refs));
            if (!extended) co_return extended.error();
        }
        if (jobs->size() < filter.limit) break;
        filter.behind = {{jobs->back().created_at, jobs->back().id}};
    }
    co_return Result<void>();
}

}  // namespace zs::jobs
