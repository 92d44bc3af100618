#include "core/jobs/job_events.hpp"
#include "core/jobs/job_queue_impl.hpp"
#include "core/jobs/retry_policy.hpp"

#include <algorithm>

namespace zs::jobs {

bool JobQueue::Impl::takes_nothing(const WorkerId& worker) const {
    return draining || withdrawn.contains(worker);
}

async::Task<Result<JobQueue::Impl::Ids>> JobQueue::Impl::wait_for_work(WorkerId name,
                                                                       Capability worker,
                                                                       std::size_t count,
                                                                       Millis wait) {
    auto start = [this, name = std::move(name), worker = std::move(worker), count,
                  wait](async::Completion<Result<Ids>> done) mutable {
        const std::lock_guard lock(mutex);
        const Now at = now();
        const bool nothing = takes_nothing(name);
        auto picked = nothing ? Ids() : ready.pick(worker, count, at);
        for (const JobId id : picked)
            gate.begin(id);
        if (!picked.empty() || wait <= Millis(0) || nothing) {
            done.complete(std::move(picked));
        } else if (workers_waiting.size() >= limits::kWaitersMax) {
            done.complete(unavailable("too many workers wait"));
        } else {
            WorkWaiter waiter{std::move(name), std::move(worker), count, at.moment + wait,
                              std::move(done)};
            workers_waiting.push_back(std::move(waiter));
        }
    };
    return async::wait_for<Result<Ids>>(std::move(start));
}

Lease JobQueue::Impl::new_lease(const Job& job, Now at) const {
    Lease lease;
    lease.ref = {job.id, job.token};
    lease.worker = job.worker;
    lease.tenant = job.tenant;
    lease.hard_end = at.moment + job.spec.timeout + config.kill_grace + limits::kLeaseMargin;
    lease.expires = std::min(at.moment + config.lease, lease.hard_end);
    lease.cancel = job.cancel_requested_at.has_value();
    lease.attempt = job.counters.attempt;
    lease.retry_count = job.counters.retry_count;
    lease.retry = job.spec.retry;
    return lease;
}

void JobQueue::Impl::leased(const LeasedJob& leased, Now at, Aftermath& after) {
    const Job& job = leased.job;
    leases.put(new_lease(job, at));
    Changes changes;
    Transition& transition = changes.transitions.emplace_back();
    transition.job = brief_of(job);
    transition.from = JobState::Pending;
    transition.seq = leased.started_seq;
    transition.at = at.wall;
    take_in(job.id, changes, after);
}

async::Task<Result<std::vector<LeasedJob>>> JobQueue::Impl::claim(ClaimQuery query) {
    const Now at = now();
    query.now = at.wall;
    query.lease = config.lease;
    const Ids candidates = query.candidates;
    if (shared()) query.count = std::min(query.count, limits::kClaimMax);
    auto answer = co_await ports.jobs.claim(std::move(query));
    if (!answer) {
        for (const JobId id : candidates) {
            suspect(id);
            end(id, std::vector<Finding>());
        }
        co_return answer.error();
    }
    std::set<JobId> got;
    Aftermath after;
    {
        const std::lock_guard lock(mutex);
        for (const auto& job : *answer) {
            if (answer->size() < candidates.size()) got.insert(job.job.id);
            if (shared()) gate.begin(job.job.id);
            leased(job, at, after);
        }
        settle(after);
    }
    act(after);
    if (answer->size() >= candidates.size()) co_return std::move(*answer);
    for (const JobId id : candidates) {
        if (got.contains(id)) continue;
        suspect(id);
        end(id, std::vector<Finding>());
    }
    co_return std::move(*answer);
}

async::Task<Result<std::vector<LeasedJob>>> JobQueue::next(ClaimQuery query, Millis wait) {
    Impl& queue = *impl_;
    query.count = std::clamp<std::size_t>(query.count, 1, limits::kClaimMax);
    wait = std::clamp(wait, Millis(0), limits::kWaitMax);
    queue.registry.seen(query.worker);
    if (!queue.shared()) {
        Capability worker{query.labels, query.sandbox, query.kinds, query.tenant};
        std::sort(worker.labels.begin(), worker.labels.end());
        std::sort(worker.kinds.begin(), worker.kinds.end());
        auto picked =
            co_await queue.wait_for_work(query.worker, std::move(worker), query.count, wait);
        if (!picked) co_return picked.error();
        if (picked->empty()) co_return std::vector<LeasedJob>();
        query.candidates = std::move(*picked);
        co_return co_await queue.claim(std::move(query));
    }
    const Moment until = queue.now().moment + wait;
    query.running_max = queue.config.running_max;
    while (true) {
        {
            const std::lock_guard lock(queue.mutex);
            if (queue.takes_nothing(query.worker)) co_return std::vector<LeasedJob>();
        }
        const auto works = queue.works.load();
        auto leased = co_await queue.claim(query);
        if (!leased || !leased->empty()) co_return leased;
        const Moment at = queue.now().moment;
        if (at >= until) co_return leased;
        if (queue.works != works) continue;  // it rang meanwhile
        const Millis pause = std::min(until - at, queue.config.shared_poll);
        Capability nobody;
        // Nothing is ever ready in memory: this only waits, and ends early when the queue drains.
        auto woken = co_await queue.wait_for_work(query.worker, std::move(nobody), 1, pause);
        if (!woken) co_return woken.error();
    }
}

async::Task<Result<std::vector<LeaseAnswer>>> JobQueue::heartbeat(WorkerId worker,
                                                                  std::vector<LeaseRef> leases) {
    Impl& queue = *impl_;
    if (leases.size() > limits::kLeasesPerHeartbeatMax) {
        co_return too_large("at most 1000 leases go in one heartbeat");
    }
    queue.registry.seen(worker);
    std::vector<LeaseAnswer> answers;
    {
        const std::lock_guard lock(queue.mutex);
        const Moment at = queue.now().moment;
        for (const auto& ref : leases) {
            LeaseAnswer answer;
            answer.job = ref.job;
            Lease* lease = queue.leases.find(ref);
            if (lease != nullptr && lease->worker == worker && lease->expires > at) {
                queue.leases.extend(*lease, at + queue.config.lease);
                answer.kept = true;
                answer.cancel = lease->cancel;
                answer.lease = lease->expires - at;
            }
            answers.push_back(answer);
        }
    }
    if (!queue.shared()) co_return answers;
    auto states = co_await queue.extend(worker, std::move(leases));
    if (!states) co_return states.error();
    for (std::size_t i = 0; i < answers.size() && i < states->size(); ++i) {
        answers[i].kept = (*states)[i].kept;
        answers[i].cancel = (*states)[i].cancel_requested;
        if (answers[i].kept && answers[i].lease == Millis(0)) answers[i].lease = queue.config.lease;
    }
    co_return answers;
}

async::Task<std::vector<Result<Changes>>> JobQueue::Impl::run_finishes(
    std::vector<FinishedAttempt> attempts) {
    std::vector<LeaseRef> refs;
    {
        const std::lock_guard lock(mutex);
        for (auto& attempt : attempts) {
            refs.push_back(attempt.lease);
            gate.begin(attempt.lease.job);
        }
    }
    auto answers = co_await ports.jobs.finish(std::move(attempts));
    std::vector<Result<Changes>> given;
    if (answers) {
        given = std::move(*answers);
    } else {
        given.assign(refs.size(), Result<Changes>(answers.error()));
    }
    for (std::size_t i = 0; i < refs.size(); ++i) {
        // An end that had come before, or one whose answer was lost: look at what is stored.
        if (!given[i] || given[i]->transitions.empty()) suspect(refs[i].job);
    }
    Aftermath after;
    {
        const std::lock_guard lock(mutex);
        for (std::size_t i = 0; i < refs.size(); ++i)
            take_in(refs[i].job, given[i] ? *given[i] : Changes(), after);
        settle(after);
    }
    act(after);
    wake_shared();
    co_return given;
}

async::Task<Result<void>> JobQueue::finish(LeaseRef lease, Outcome outcome) {
    Impl& queue = *impl_;
    FinishedAttempt attempt;
    attempt.lease = lease;
    attempt.lost_leases_max = queue.config.lost_leases_max;
    attempt.now = queue.now().wall;
    if (outcome.kind == Outcome::Kind::Failed) {
        const double draw = queue.draw();
        const std::lock_guard lock(queue.mutex);
        const Lease* known = queue.leases.find(lease);
        const RetryRules rules = known != nullptr ? known->retry : RetryRules();
        const std::uint32_t n = known != nullptr ? known->retry_count + 1 : 1;
        attempt.backoff = backoff(rules, queue.config, n, draw);
    }
    attempt.outcome = std::move(outcome);
    auto changes = co_await queue.finishes.call(std::move(attempt));
    if (!changes) co_return changes.error();
    co_return Result<void>();
}

async::Task<Result<LogAppended>> JobQueue::append_log(LeaseRef lease, std::vector<LogLine> lines) {
    Impl& queue = *impl_;
    if (lines.size() > limits::kLogLinesPerCallMax) {
        co_return too_large("at most 5000 lines go in one call");
    }
    if (lines.empty()) co_return LogAppended();
    std::uint32_t attempt = 0;
    identity::Tenant tenant;
    {
        const std::lock_guard lock(queue.mutex);
        const Lease* known = queue.leases.find(lease);
        if (known == nullptr) co_return lease_lost();
        attempt = known->attempt;
        tenant = known->tenant;
        queue.gate.begin(lease.job);
    }
    auto appended = co_await queue.ports.logs.append(lease, lines);
    Finding finding;
    finding.tenant = tenant;
    if (appended) {
        finding.seq = appended->first_seq;
        for (std::size_t i = 0; i < lines.size(); ++i)
            finding.events.push_back(
                log_event(lease.job, attempt, appended->first_seq + i, lines[i]));
    }
    std::vector<Finding> findings;
    findings.push_back(std::move(finding));
    queue.end(lease.job, std::move(findings));
    {
        const std::lock_guard lock(queue.mutex);
        queue.wake(lease.job, false);
    }
    co_return appended;
}

async::Task<Result<void>> JobQueue::report(LeaseRef ref, Progress progress) {
    Impl& queue = *impl_;
    const std::lock_guard lock(queue.mutex);
    Lease* lease = queue.leases.find(ref);
    if (lease == nullptr) co_return lease_lost();
    const Moment at = queue.now().moment;
    lease->progress = std::move(progress);
    if (at - lease->progress_at >= limits::kProgressInterval) {
        lease->progress_at = at;
        queue.publish(lease->tenant, progress_event(ref.job, *lease->progress));
        lease->progress.reset();
    }
    co_return Result<void>();
}

async::Task<Result<void>> JobQueue::record(LeaseRef lease, std::vector<Artifact> artifacts) {
    Impl& queue = *impl_;
    auto tenant = tenant_of(lease);
    if (!tenant) co_return lease_lost();
    const Timestamp at = queue.now().wall;
    auto recorded = co_await queue.ports.artifacts.record(lease, artifacts, at);
    if (!recorded) co_return recorded;
    for (const auto& artifact : artifacts)
        queue.publish(*tenant, artifact_event(lease.job, artifact));
    co_return recorded;
}

}  // namespace zs::jobs
