#include "core/jobs/job_queue.hpp"

#include "base/log.hpp"
#include "base/random.hpp"
#include "core/jobs/job_events.hpp"
#include "core/jobs/job_queue_impl.hpp"

#include <algorithm>
#include <cstring>

namespace zs::jobs {
namespace {

std::uint64_t drawn_seed() {
    std::uint64_t seed = 0;
    const auto bytes = random_bytes(sizeof seed);
    std::memcpy(&seed, bytes.data(), sizeof seed);
    return seed;
}

// Two calls of the store at once keep its writer busy; more would only make the batches small.
constexpr std::size_t kAddsAtOnce = 2;
constexpr std::size_t kFinishesAtOnce = 2;

}  // namespace

JobQueue::Impl::Impl(QueuePorts given_ports, QueueConfig given_config, async::Executor executor)
    : ports(std::move(given_ports)),
      config(given_config),
      calls(executor, "jobs"),
      time(executor, "jobs time"),
      registry(ports.clock, ports.monotonic),
      adds(calls, kAddsAtOnce, limits::kBatchMax,
           [this](std::vector<NewJob> jobs) {
               return run_adds(std::move(jobs), AddMode::EachAlone);
           }),
      finishes(calls, kFinishesAtOnce, limits::kBatchMax,
               [this](std::vector<FinishedAttempt> attempts) {
                   return run_finishes(std::move(attempts));
               }),
      ready(config.running_max),
      random(config.seed != 0 ? config.seed : drawn_seed()),
      purged_at(ports.monotonic.now()) {}

JobQueue::JobQueue(QueuePorts ports, QueueConfig config, async::Executor executor)
    : impl_(std::make_unique<Impl>(std::move(ports), config, std::move(executor))) {}

JobQueue::~JobQueue() = default;

async::Task<Result<void>> JobQueue::start() {
    return impl_->load();
}

void JobQueue::run_time() {
    if (QueueBell* bell = impl_->ports.bell; bell != nullptr && impl_->shared()) {
        bell->on_ring([impl = impl_.get()](const Ring& ring) { impl->heard(ring); });
    }
    impl_->time.spawn(impl_->pass_time(*this));
}

void JobQueue::drain() {
    impl_->draining = true;
    const std::lock_guard lock(impl_->mutex);
    impl_->answer_empty([](const auto&) { return true; });
}

void JobQueue::withdraw(const WorkerId& worker) {
    impl_->registry.set_draining(worker);
    const std::lock_guard lock(impl_->mutex);
    impl_->withdrawn.insert(worker);
    impl_->answer_empty([&](const auto& waiter) { return waiter.name == worker; });
}

void JobQueue::stop() {
    drain();
    impl_->stopped = true;
    if (impl_->ports.bell != nullptr) impl_->ports.bell->on_ring({});
    impl_->time.cancel();
    const std::lock_guard lock(impl_->mutex);
    for (auto& [job, waiters] : impl_->watchers) {
        for (auto& waiter : waiters)
            waiter.done.complete(false);
    }
    impl_->watchers.clear();
    impl_->watcher_count = 0;
}

void JobQueue::join_blocking() {
    impl_->time.join_blocking();
    impl_->calls.join_blocking();
}

WorkerRegistry& JobQueue::workers() {
    return impl_->registry;
}

const QueueConfig& JobQueue::config() const {
    return impl_->config;
}

std::vector<WorkerInfo> JobQueue::list_workers(const identity::Tenant& tenant) const {
    auto all = impl_->registry.list(tenant);
    const std::lock_guard lock(impl_->mutex);
    for (auto& worker : all) {
        if (!worker.elsewhere) worker.busy = impl_->leases.count(worker.id);
    }
    return all;
}

double JobQueue::Impl::draw() {
    const std::lock_guard lock(mutex);
    return std::uniform_real_distribution<double>(0.0, 1.0)(random);
}

void JobQueue::Impl::begin(JobId job) {
    const std::lock_guard lock(mutex);
    gate.begin(job);
}

void JobQueue::Impl::end(JobId job, std::vector<Finding> findings) {
    Aftermath after;
    {
        const std::lock_guard lock(mutex);
        take_in(gate.end(job, std::move(findings)), after);
        settle(after);
    }
    act(after);
}

void JobQueue::Impl::end(JobId job, const Changes& changes) {
    Aftermath after;
    {
        const std::lock_guard lock(mutex);
        take_in(job, changes, after);
        settle(after);
    }
    act(after);
}

// `changes` is about `job` first, then about others.
void JobQueue::Impl::take_in(JobId job, const Changes& changes, Aftermath& after) {
    const auto& all = changes.transitions;
    const bool usual = all.size() == 1 && all.front().job.id == job;
    if (usual && gate.end_alone(job)) return take_in(all.front(), after);
    std::vector<Finding> own;
    for (const auto& transition : all) {
        Finding finding;
        // Freed of its dependencies: it has no number, and comes after the submit.
        finding.seq = std::max<std::uint64_t>(transition.seq, 1);
        finding.tenant = transition.job.tenant;
        finding.transition = transition;
        if (transition.job.id == job) {
            own.push_back(std::move(finding));
        } else {
            take_in(gate.pass(transition.job.id, std::move(finding)), after);
        }
    }
    take_in(gate.end(job, std::move(own)), after);
}

void JobQueue::Impl::take_in(std::vector<Finding> findings, Aftermath& after) {
    for (auto& finding : findings) {
        for (auto& event : finding.events) {
            tell(finding.tenant, std::move(event), after);
        }
        if (finding.transition) take_in(*finding.transition, after);
        if (finding.news) tell_late(*finding.news, finding.is_old_news, after);
        if (finding.seen) take_in(*finding.seen, after);
    }
}

void JobQueue::Impl::take_in(const Transition& transition, Aftermath& after) {
    const JobBrief& job = transition.job;
    const LeaseRef ref{job.id, job.token};
    if (job.state != JobState::Running) {
        leases.erase(job.id, job.token);
    } else if (transition.cancel_was_requested) {
        if (Lease* lease = leases.find(ref)) lease->cancel = true;
        after.stops.emplace_back(ref, StopReason::Cancel);
    }
    if (!shared()) ready.put(job, now());
    if (is_told(transition)) {
        tell_submit_in_doubt(job, after);
        tell(job.tenant, state_event(transition), after);
    }
    if (shared()) after.changed.push_back(job.id);
    wake(job.id, true);
}

void JobQueue::Impl::take_in(const JobBrief& seen, Aftermath& after) {
    if (is_final(seen.state)) {
        forget(seen.tenant, seen.id, seen.token);
    } else if (seen.state != JobState::Running) {
        leases.erase(seen.id, seen.token);
        if (!shared()) ready.put(seen, now());
    } else if (Lease* lease = leases.find({seen.id, seen.token})) {
        if (seen.cancel_requested && !lease->cancel) {
            lease->cancel = true;
            after.stops.emplace_back(lease->ref, StopReason::Cancel);
        }
    } else if (!shared()) {
        ready.put(seen, now());
        after.orphans.push_back({seen.id, seen.token});
    }
    wake(seen.id, true);
}

// Whether memory knows the job in another state than the store: then the answer that would have
// told of the change was lost.
bool JobQueue::Impl::is_news(const JobBrief& seen) const {
    if (const Lease* lease = leases.find(seen.id)) {
        if (lease->ref.token != seen.token) return lease->ref.token < seen.token;
        return seen.state != JobState::Running || (seen.cancel_requested && !lease->cancel);
    }
    const auto place = ready.place(seen.id);
    if (!place) return false;
    const bool was_running = *place == ReadyQueue::Place::Running;
    return is_final(seen.state) || (seen.state == JobState::Running) != was_running;
}

// Nobody answered its submit, and now it is known to be there: that comes before all else of it.
void JobQueue::Impl::tell_submit_in_doubt(const JobBrief& job, Aftermath& after) {
    const auto doubt = untold.find(job.id);
    if (doubt == untold.end()) return;
    const bool was_add = doubt->second == Untold::Add;
    untold.erase(doubt);
    if (!was_add) return;
    Transition submitted;
    submitted.job = job;
    submitted.job.state = JobState::Pending;
    submitted.seq = 1;
    submitted.at = job.created_at;
    tell(job.tenant, state_event(submitted), after);
}

// A state event whose change was answered by nobody comes out when the truth is known.
void JobQueue::Impl::tell_late(const Transition& news, bool is_old, Aftermath& after) {
    const JobBrief& job = news.job;
    const auto doubt = untold.find(job.id);
    if (doubt == untold.end()) {
        if (!is_old && is_news(job)) tell(job.tenant, state_event(news), after);
        return;
    }
    const bool was_add = doubt->second == Untold::Add;
    if (job.state != JobState::Pending) tell_submit_in_doubt(job, after);
    untold.erase(job.id);
    if (is_old) return;
    if (was_add || !is_final(job.state)) tell(job.tenant, state_event(news), after);
}

// Its end came without an answer, so neither did what that end freed or canceled.
void JobQueue::Impl::forget(const identity::Tenant& tenant, JobId job, LeaseToken until) {
    leases.erase(job, until);
    if (!ready.place(job)) return;
    ready.erase(job);
    for (const JobId dependent : ready.dependents(tenant))
        suspects.emplace(tenant, dependent);
}

// A task begins at once when it is spawned on its own loop, and takes the lock.
void JobQueue::Impl::act(const Aftermath& after) {
    notify(after.stops);
    if (!after.changed.empty()) ring({false, after.changed});
    for (const LeaseRef& orphan : after.orphans)
        calls.spawn(give_back(orphan));
}

void JobQueue::Impl::notify(const Stops& stops) {
    for (const auto& [ref, reason] : stops) {
        std::vector<StopListener> listeners;
        {
            const std::lock_guard lock(mutex);
            for (const auto& [worker, listener] : stop_listeners)
                listeners.push_back(listener);
        }
        for (const auto& listener : listeners)
            listener(ref, reason);
    }
}

void JobQueue::Impl::publish(const identity::Tenant& tenant, events::NewEvent event) {
    ports.events.publish(tenant, std::move(event));
}

void JobQueue::Impl::tell(const identity::Tenant& tenant, events::NewEvent event,
                          Aftermath& after) {
    if (after.told.empty() || after.told.back().tenant != tenant) {
        after.told.emplace_back().tenant = tenant;
    }
    after.told.back().events.push_back(std::move(event));
}

void JobQueue::Impl::settle(Aftermath& after) {
    for (auto& told : after.told)
        ports.events.publish_all(told.tenant, std::move(told.events));
    after.told.clear();
    pump();
}

void JobQueue::Impl::wake(JobId job, bool changed) {
    const auto found = watchers.find(job);
    if (found == watchers.end()) return;
    auto waiters = std::move(found->second);
    watchers.erase(found);
    watcher_count -= waiters.size();
    for (auto& waiter : waiters)
        waiter.done.complete(changed);
}

void JobQueue::Impl::pump() {
    if (draining) return;
    const Now at = now();
    for (auto waiter = workers_waiting.begin(); waiter != workers_waiting.end();) {
        auto picked = ready.pick(waiter->worker, waiter->count, at);
        if (picked.empty()) {
            ++waiter;
            continue;
        }
        for (const JobId id : picked)
            gate.begin(id);
        waiter->done.complete(std::move(picked));
        waiter = workers_waiting.erase(waiter);
    }
}

void JobQueue::on_stop(WorkerId worker, StopListener listener) {
    const std::lock_guard lock(impl_->mutex);
    if (listener) {
        impl_->stop_listeners[std::move(worker)] = std::move(listener);
    } else {
        impl_->stop_listeners.erase(worker);
    }
}

std::vector<LeaseRef> JobQueue::leases_of(const WorkerId& worker) const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->leases.of(worker);
}

Result<identity::Tenant> JobQueue::tenant_of(LeaseRef lease) const {
    const std::lock_guard lock(impl_->mutex);
    const Lease* found = impl_->leases.find(lease);
    if (found == nullptr) return not_found("there is no such lease", "lease_lost");
    return found->tenant;
}

}  // namespace zs::jobs
