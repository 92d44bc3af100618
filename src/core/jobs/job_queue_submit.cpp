#include "core/jobs/job_events.hpp"
#include "core/jobs/job_queue_impl.hpp"

#include <algorithm>

namespace zs::jobs {
namespace {

void complete(NewJob& job, const Clock& clock) {
    if (job.id.is_nil()) job.id = JobId::next(clock);
    if (job.created_at == Timestamp{}) job.created_at = clock.now();
}

}  // namespace

Result<void> JobQueue::Impl::reserve(const identity::Tenant& tenant, std::size_t jobs) {
    if (stopped) return unavailable("the server is stopping");
    if (ports.admit) {
        auto admitted = ports.admit(tenant);
        if (!admitted) return admitted;
    }
    const std::lock_guard lock(mutex);
    auto& adding = being_added[tenant];
    if (config.pending_max != 0 && ready.waiting(tenant) + adding + jobs > config.pending_max) {
        if (adding == 0) being_added.erase(tenant);
        return exhausted("at most " + std::to_string(config.pending_max)
                             + " jobs may wait; try again when some are done",
                         "quota_exceeded");
    }
    adding += jobs;
    return {};
}

void JobQueue::Impl::unreserve(const identity::Tenant& tenant, std::size_t jobs) {
    const std::lock_guard lock(mutex);
    const auto found = being_added.find(tenant);
    if ((found->second -= jobs) == 0) being_added.erase(found);
}

// The job is in the store: what everybody hears of it, and what comes into memory.
std::vector<Finding> JobQueue::Impl::added(const NewJob& job, const Result<Submitted>& answer) {
    std::vector<Finding> findings;
    if (!answer) return findings;
    const JobBrief& brief = answer->brief;
    if (answer->deduplicated) {
        // The new specification of a waiting job; one that is being leased, or gone, is left alone.
        const auto place = ready.place(answer->id);
        const bool waits =
            place && *place != ReadyQueue::Place::Picked && *place != ReadyQueue::Place::Running;
        if (waits && !is_final(brief.state) && brief.state != JobState::Running) {
            ready.put(brief, now());
        }
        return findings;
    }
    Finding& finding = findings.emplace_back();
    finding.tenant = job.tenant;
    finding.seen = brief;
    Transition submitted;
    submitted.job = brief;
    submitted.job.state = JobState::Pending;
    submitted.seq = 1;
    submitted.at = job.created_at;
    finding.events.push_back(state_event(submitted));
    if (!is_final(brief.state)) return findings;
    Transition ended;
    ended.job = brief;
    ended.from = JobState::Pending;
    ended.seq = 2;
    ended.at = job.created_at;
    ended.error = JobError{Failure::DependencyFailed, "a job it depends on did not end as needed",
                           std::nullopt, std::nullopt};
    finding.events.push_back(state_event(ended));
    return findings;
}

async::Task<std::vector<Result<Submitted>>> JobQueue::Impl::run_adds(std::vector<NewJob> jobs,
                                                                     AddMode mode) {
    // What frees or ends a job may be answered before the call that adds it.
    {
        const std::lock_guard lock(mutex);
        for (const auto& job : jobs)
            gate.begin(job.id);
    }
    std::vector<NewJob> given = jobs;
    auto stored = co_await ports.jobs.add(std::move(given), mode);
    std::vector<Result<Submitted>> answers;
    if (stored) {
        answers = std::move(*stored);
    } else {
        // Whether they are stored is not known.
        for (const auto& job : jobs)
            suspect(job.tenant, job.id);
        answers.assign(jobs.size(), Result<Submitted>(stored.error()));
    }
    Aftermath after;
    {
        const std::lock_guard lock(mutex);
        for (std::size_t i = 0; i < jobs.size(); ++i)
            take_in(gate.end(jobs[i].id, added(jobs[i], answers[i])), after);
        pump();
    }
    act(after);
    wake_shared();
    co_return answers;
}

async::Task<Result<Submitted>> JobQueue::submit(NewJob job) {
    complete(job, impl_->ports.clock);
    const auto tenant = job.tenant;
    auto reserved = impl_->reserve(tenant, 1);
    if (!reserved) co_return reserved.error();
    auto answer = co_await impl_->adds.call(std::move(job));
    impl_->unreserve(tenant, 1);
    co_return answer;
}

async::Task<Result<std::vector<Result<Submitted>>>> JobQueue::submit_many(std::vector<NewJob> jobs,
                                                                          AddMode mode) {
    if (jobs.empty()) co_return std::vector<Result<Submitted>>();
    if (jobs.size() > limits::kBulkMax) {
        co_return too_large("at most 10000 jobs go in one call");
    }
    const auto tenant = jobs.front().tenant;
    for (auto& job : jobs)
        complete(job, impl_->ports.clock);
    const auto count = jobs.size();
    auto reserved = impl_->reserve(tenant, count);
    if (!reserved) co_return reserved.error();
    auto answers = co_await impl_->run_adds(std::move(jobs), mode);
    impl_->unreserve(tenant, count);
    co_return answers;
}

}  // namespace zs::jobs
