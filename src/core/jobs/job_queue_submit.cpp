#include "async/started.hpp"
#include "core/jobs/job_events.hpp"
#include "core/jobs/job_queue_impl.hpp"

#include <algorithm>
#include <deque>
#include <iterator>

namespace zs::jobs {
namespace {

// Fewer jobs are stored sooner than another task is begun.
constexpr std::size_t kWorthATask = 32;

// Of a large call, when its jobs have nothing to do with each other.
constexpr std::size_t kPieceMax = 600;
constexpr std::size_t kPiecesAtOnce = 2;

bool stands_alone(const NewJob& job) {
    return job.spec.depends_on.empty() && job.spec.unique_key.empty() && !job.schedule_id;
}

events::NewEvent submitted_event(JobId id) {
    Transition submitted;
    submitted.job.id = id;
    submitted.seq = 1;
    return state_event(submitted);
}

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
    const auto waiting = shared() ? waiting_counts[tenant].jobs : ready.waiting(tenant);
    if (config.pending_max != 0 && waiting + adding + jobs > config.pending_max) {
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
    if (shared()) waiting_counts[tenant].jobs += jobs;  // until the store is asked again
}

// The job is in the store: what everybody hears of it, and what comes into memory.
std::vector<Finding> JobQueue::Impl::added(Coming& job, const Result<Submitted>& answer) {
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
    finding.events.push_back(std::move(job.submitted));
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

// What will be told is made ready while the store works, when that is worth a task of its own.
async::Task<JobQueue::Impl::Stored> JobQueue::Impl::store_adds(std::vector<NewJob> jobs,
                                                               AddMode mode,
                                                               std::vector<Coming>& coming) {
    const bool many = jobs.size() >= kWorthATask;
    auto storing = ports.jobs.add(std::move(jobs), mode);
    async::Started<Stored> started;
    if (many) started = async::Started<Stored>(calls, std::move(storing));
    for (auto& job : coming)
        job.submitted = submitted_event(job.id);
    if (many) co_return co_await started.join();
    co_return co_await std::move(storing);
}

async::Task<std::vector<Result<Submitted>>> JobQueue::Impl::run_adds(std::vector<NewJob> jobs,
                                                                     AddMode mode) {
    std::vector<Coming> coming(jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        coming[i].id = jobs[i].id;
        coming[i].tenant = jobs[i].tenant;
        coming[i].created_at = jobs[i].created_at;
    }
    // What frees or ends a job may be answered before the call that adds it.
    {
        const std::lock_guard lock(mutex);
        for (const auto& job : coming)
            gate.begin(job.id);
    }
    auto stored = co_await store_adds(std::move(jobs), mode, coming);
    std::vector<Result<Submitted>> answers;
    if (stored) {
        answers = std::move(*stored);
    } else {
        // Whether they are stored is not known.
        for (const auto& job : coming) {
            suspect(job.tenant, job.id);
            const std::lock_guard lock(mutex);
            untold[job.id] = Untold::Add;
        }
        answers.assign(coming.size(), Result<Submitted>(stored.error()));
    }
    Aftermath after;
    {
        const std::lock_guard lock(mutex);
        for (std::size_t i = 0; i < coming.size(); ++i)
            take_in(coming[i], answers[i], after);
        settle(after);
    }
    act(after);
    wake_shared();
    co_return answers;
}

async::Task<Result<std::vector<Result<Submitted>>>> JobQueue::Impl::run_piece(
    std::vector<NewJob> jobs) {
    co_return co_await run_adds(std::move(jobs), AddMode::EachAlone);
}

// While the store writes one piece, the one before is told, and the next one made ready.
async::Task<std::vector<Result<Submitted>>> JobQueue::Impl::run_pieces(std::vector<NewJob> jobs) {
    std::vector<Result<Submitted>> answers;
    answers.reserve(jobs.size());
    std::deque<std::pair<std::size_t, async::Started<Stored>>> under_way;
    std::size_t begun = 0;
    while (answers.size() < jobs.size()) {
        while (begun < jobs.size() && under_way.size() < kPiecesAtOnce) {
            const auto size = std::min(kPieceMax, jobs.size() - begun);
            const auto first = jobs.begin() + static_cast<std::ptrdiff_t>(begun);
            std::vector<NewJob> piece(
                std::make_move_iterator(first),
                std::make_move_iterator(first + static_cast<std::ptrdiff_t>(size)));
            under_way.emplace_back(size,
                                   async::Started<Stored>(calls, run_piece(std::move(piece))));
            begun += size;
        }
        auto piece = std::move(under_way.front());
        under_way.pop_front();
        auto added = co_await piece.second.join();
        for (std::size_t i = 0; i < piece.first; ++i)
            answers.push_back(added ? std::move((*added)[i]) : Result<Submitted>(added.error()));
    }
    co_return answers;
}

void JobQueue::Impl::take_in(Coming& job, const Result<Submitted>& answer, Aftermath& after) {
    const bool usual = answer && !answer->deduplicated && !is_final(answer->brief.state);
    if (usual && gate.end_alone(job.id)) {
        tell(job.tenant, std::move(job.submitted), after);
        take_in(answer->brief, after);
        return;
    }
    take_in(gate.end(job.id, added(job, answer)), after);
}

async::Task<Result<Submitted>> JobQueue::submit(NewJob job) {
    complete(job, impl_->ports.clock);
    const auto tenant = job.tenant;
    if (impl_->shared()) co_await impl_->count_waiting(tenant);
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
    if (impl_->shared()) co_await impl_->count_waiting(tenant);
    auto reserved = impl_->reserve(tenant, count);
    if (!reserved) co_return reserved.error();
    const bool apart = mode == AddMode::EachAlone && !impl_->shared() && count > kPieceMax
                       && std::all_of(jobs.begin(), jobs.end(), stands_alone);
    std::vector<Result<Submitted>> answers;
    if (apart) {
        answers = co_await impl_->run_pieces(std::move(jobs));
    } else {
        answers = co_await impl_->run_adds(std::move(jobs), mode);
    }
    impl_->unreserve(tenant, count);
    co_return answers;
}

}  // namespace zs::jobs
