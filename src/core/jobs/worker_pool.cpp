#include "core/jobs/worker_pool.hpp"

#include "async/completion.hpp"
#include "async/sleep.hpp"
#include "async/task_group.hpp"
#include "base/log.hpp"
#include "core/jobs/limits.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>

namespace zs::jobs {
namespace {

constexpr Millis kAskAgain{1'000};  // so that a drain is noticed
constexpr Millis kFirstPause{50};
constexpr Millis kLongestPause{2'000};
constexpr Millis kDrainLook{50};
constexpr std::size_t kShareOfSlots = 2;
constexpr std::size_t kClaimedAtLeast = 16;

bool is_passing(const Error& error) {
    return error.code == ErrorCode::Unavailable || error.code == ErrorCode::DeadlineExceeded
           || error.code == ErrorCode::Exhausted;
}

class Stop final : public StopSignal {
public:
    std::stop_token token() const override { return source_.get_token(); }
    StopReason reason() const override { return reason_; }
    // The first reason counts, but for a lost lease, which makes every other one idle.
    void ask(StopReason reason) {
        auto none = StopReason::None;
        if (!reason_.compare_exchange_strong(none, reason) && reason == StopReason::LeaseLost) {
            reason_ = reason;
        }
        source_.request_stop();
    }

private:
    std::stop_source source_;
    std::atomic<StopReason> reason_{StopReason::None};
};

class Sink final : public EventSink {
public:
    Sink(JobQueue& queue, LeaseRef lease, Stop& stop) : queue_(queue), lease_(lease), stop_(stop) {}

    async::Task<Result<void>> log(std::vector<LogLine> lines) override {
        auto appended = co_await queue_.append_log(lease_, std::move(lines));
        if (!appended) co_return told(appended.error());
        co_return Result<void>();
    }
    async::Task<Result<void>> progress(Progress progress) override {
        auto reported = co_await queue_.report(lease_, std::move(progress));
        if (!reported) co_return told(reported.error());
        co_return reported;
    }
    async::Task<Result<void>> artifact(Artifact artifact) override {
        std::vector<Artifact> one;
        one.push_back(std::move(artifact));
        auto recorded = co_await queue_.record(lease_, std::move(one));
        if (!recorded) co_return told(recorded.error());
        co_return recorded;
    }

private:
    Error told(Error error) {
        if (error.reason == "lease_lost") stop_.ask(StopReason::LeaseLost);
        return error;
    }
    JobQueue& queue_;
    const LeaseRef lease_;
    Stop& stop_;
};

struct Attempt {
    explicit Attempt(LeaseRef ref) : lease(ref) {}
    const LeaseRef lease;
    Stop stop;
};

}  // namespace

struct WorkerPool::Impl {
    Impl(JobQueue& q, Worker& w, WorkerPoolConfig c, async::Executor executor)
        : queue(q),
          worker(w),
          config(std::move(c)),
          work(executor, "worker " + config.id),
          beats(executor, "heartbeats " + config.id) {}

    ClaimQuery query(std::size_t count) const;
    void announce(bool is_draining);
    async::Task<> take_work();
    async::Task<> give_back(std::vector<LeasedJob> jobs);
    async::Task<> run(std::shared_ptr<Attempt> attempt, LeasedJob job);
    async::Task<> finish(std::shared_ptr<Attempt> attempt, Outcome outcome);
    async::Task<Outcome> run_guarded(LeasedJob job, Attempt& attempt);
    async::Task<> beat();
    async::Task<> end_after_grace();
    void begin(LeasedJob job);
    void stop(LeaseRef lease, StopReason reason);
    void stop_all(StopReason reason);
    std::size_t busy() const;
    async::Task<bool> wait_for_slot();
    void slot_is_free();

    JobQueue& queue;
    Worker& worker;
    const WorkerPoolConfig config;
    async::TaskGroup work;   // ends by itself once drained
    async::TaskGroup beats;  // cancelled when nothing runs any more
    std::atomic<bool> draining{false};
    std::atomic<bool> hurried{false};
    mutable std::mutex mutex;
    std::map<JobId, std::shared_ptr<Attempt>> attempts;
    std::optional<async::Completion<Result<bool>>> waiting;
};

ClaimQuery WorkerPool::Impl::query(std::size_t count) const {
    ClaimQuery query;
    query.worker = config.id;
    query.labels = config.labels;
    query.sandbox = worker.sandbox();
    query.kinds = worker.kinds();
    query.count = count;
    return query;
}

void WorkerPool::Impl::announce(bool is_draining) {
    WorkerInfo info;
    info.id = config.id;
    info.mode = config.mode;
    info.labels = config.labels;
    info.kinds = worker.kinds();
    info.sandbox = worker.sandbox();
    info.slots = config.slots;
    info.draining = is_draining;
    queue.workers().seen(std::move(info));
}

std::size_t WorkerPool::Impl::busy() const {
    const std::lock_guard lock(mutex);
    return attempts.size();
}

async::Task<bool> WorkerPool::Impl::wait_for_slot() {
    auto start = [this](async::Completion<Result<bool>> done) mutable {
        const std::lock_guard lock(mutex);
        if (attempts.size() < config.slots || draining) {
            done.complete(true);
        } else {
            waiting.emplace(std::move(done));
        }
    };
    auto free = co_await async::wait_for<Result<bool>>(std::move(start));
    co_return free&&* free;
}

void WorkerPool::Impl::slot_is_free() {
    const std::lock_guard lock(mutex);
    if (!waiting) return;
    auto done = std::move(*waiting);
    waiting.reset();
    done.complete(true);
}

async::Task<> WorkerPool::Impl::take_work() {
    Millis pause = kFirstPause;
    // Not all slots at once: while the store leases some, others run and finish.
    const auto most = std::max(config.slots / kShareOfSlots, kClaimedAtLeast);
    while (!draining) {
        const auto running = busy();
        if (running >= config.slots) {
            co_await wait_for_slot();
            continue;
        }
        auto query_now = query(std::min(config.slots - running, most));
        auto jobs = co_await queue.next(std::move(query_now), kAskAgain);
        if (!jobs) {
            log::warn("no work can be taken", {{"error", jobs.error().message}});
            co_await async::sleep_for(pause);
            pause = std::min(pause * 2, kLongestPause);
            continue;
        }
        pause = kFirstPause;
        if (draining) {
            co_await give_back(std::move(*jobs));
            co_return;
        }
        for (auto& job : *jobs)
            begin(std::move(job));
        // A queue that drains answers empty at once.
        if (jobs->empty()) co_await async::sleep_for(Millis(1));
    }
}

// What was under way when the pool began to drain.
async::Task<> WorkerPool::Impl::give_back(std::vector<LeasedJob> jobs) {
    for (const auto& job : jobs) {
        auto attempt = std::make_shared<Attempt>(job.lease());
        Outcome released;
        released.kind = Outcome::Kind::Released;
        co_await finish(std::move(attempt), std::move(released));
    }
}

void WorkerPool::Impl::begin(LeasedJob job) {
    // The slot is taken at once, before the attempt has its turn on the loop.
    auto attempt = std::make_shared<Attempt>(job.lease());
    {
        const std::lock_guard lock(mutex);
        attempts[job.job.id] = attempt;
    }
    work.spawn(run(std::move(attempt), std::move(job)));
}

async::Task<Outcome> WorkerPool::Impl::run_guarded(LeasedJob job, Attempt& attempt) {
    Sink sink(queue, attempt.lease, attempt.stop);
    Outcome outcome;
    try {
        outcome = co_await worker.run(std::move(job), sink, attempt.stop);
    } catch (const std::exception& failure) {
        outcome = Outcome();
        outcome.kind = Outcome::Kind::Failed;
        outcome.error.emplace();
        outcome.error->code = Failure::WorkerError;
        outcome.error->message = failure.what();
    }
    co_return outcome;
}

async::Task<> WorkerPool::Impl::run(std::shared_ptr<Attempt> attempt, LeasedJob job) {
    if (job.job.cancel_requested_at) attempt->stop.ask(StopReason::Cancel);
    if (draining && hurried) attempt->stop.ask(StopReason::Drain);
    auto outcome = co_await run_guarded(std::move(job), *attempt);
    co_await finish(attempt, std::move(outcome));
    {
        const std::lock_guard lock(mutex);
        const auto known = attempts.find(attempt->lease.job);
        if (known != attempts.end() && known->second == attempt) attempts.erase(known);
    }
    slot_is_free();
}

// Again and again while the store is away and the lease is good: what was done is not to be done
// twice.
async::Task<> WorkerPool::Impl::finish(std::shared_ptr<Attempt> attempt, Outcome outcome) {
    Millis pause = kFirstPause;
    while (attempt->stop.reason() != StopReason::LeaseLost) {
        auto done = co_await queue.finish(attempt->lease, outcome);
        if (done) co_return;
        if (!is_passing(done.error())) {
            if (done.error().reason == "lease_lost") co_return;
            // Canceled without anybody having asked: the rules know no such end.
            log::warn("an attempt could not end as it wanted", {{"error", done.error().message}});
            if (outcome.kind != Outcome::Kind::Canceled) co_return;
            outcome.kind = Outcome::Kind::Released;
            continue;
        }
        if (!queue.tenant_of(attempt->lease)) co_return;
        co_await async::sleep_for(pause);
        pause = std::min(pause * 2, kLongestPause);
    }
}

async::Task<> WorkerPool::Impl::beat() {
    while (true) {
        const Millis third = queue.config().lease / 3;
        co_await async::sleep_for(std::clamp(third, Millis(10), limits::kHeartbeatMax));
        announce(draining);
        std::vector<LeaseRef> refs;
        {
            const std::lock_guard lock(mutex);
            for (const auto& [id, attempt] : attempts)
                refs.push_back(attempt->lease);
        }
        for (std::size_t begin = 0; begin < refs.size(); begin += limits::kLeasesPerHeartbeatMax) {
            const auto end = std::min(refs.size(), begin + limits::kLeasesPerHeartbeatMax);
            std::vector<LeaseRef> some(refs.begin() + static_cast<std::ptrdiff_t>(begin),
                                       refs.begin() + static_cast<std::ptrdiff_t>(end));
            auto answers = co_await queue.heartbeat(config.id, some);
            if (!answers) continue;
            for (std::size_t i = 0; i < answers->size(); ++i) {
                if (!(*answers)[i].kept) stop(some[i], StopReason::LeaseLost);
                if ((*answers)[i].cancel) stop(some[i], StopReason::Cancel);
            }
        }
    }
}

void WorkerPool::Impl::stop(LeaseRef lease, StopReason reason) {
    std::shared_ptr<Attempt> attempt;
    {
        const std::lock_guard lock(mutex);
        const auto found = attempts.find(lease.job);
        if (found == attempts.end() || found->second->lease.token != lease.token) return;
        attempt = found->second;
    }
    attempt->stop.ask(reason);
}

void WorkerPool::Impl::stop_all(StopReason reason) {
    std::vector<std::shared_ptr<Attempt>> all;
    {
        const std::lock_guard lock(mutex);
        for (const auto& [id, attempt] : attempts)
            all.push_back(attempt);
    }
    for (const auto& attempt : all)
        attempt->stop.ask(reason);
}

async::Task<> WorkerPool::Impl::end_after_grace() {
    const auto deadline = async::Deadline::after(config.drain_grace);
    while (busy() > 0 && !deadline.expired() && !hurried)
        co_await async::sleep_for(kDrainLook);
    stop_all(StopReason::Drain);
}

WorkerPool::WorkerPool(JobQueue& queue, Worker& worker, WorkerPoolConfig config,
                       async::Executor executor)
    : impl_(std::make_shared<Impl>(queue, worker, std::move(config), std::move(executor))) {}

WorkerPool::~WorkerPool() = default;

std::size_t WorkerPool::busy() const {
    return impl_->busy();
}

async::Task<Result<void>> WorkerPool::start() {
    auto impl = impl_;
    auto surviving = co_await impl->worker.surviving();
    if (!surviving) co_return surviving.error();
    impl->announce(false);
    std::weak_ptr<Impl> weak = impl;
    JobQueue::StopListener listener = [weak](LeaseRef lease, StopReason reason) {
        if (auto pool = weak.lock()) pool->stop(lease, reason);
    };
    impl->queue.on_stop(impl->config.id, std::move(listener));
    std::set<JobId> alive;
    auto recalled = co_await impl->queue.recall(impl->config.id);
    if (!recalled) co_return recalled.error();
    for (const auto& ref : *surviving) {
        auto job = co_await impl->queue.leased(ref);
        if (!job) continue;
        alive.insert(ref.job);
        impl->begin(std::move(*job));
    }
    for (const auto& ref : impl->queue.leases_of(impl->config.id)) {
        if (alive.contains(ref.job)) continue;
        Outcome dead;
        dead.kind = Outcome::Kind::Lost;
        auto given_up = co_await impl->queue.finish(ref, std::move(dead));
        if (!given_up) log::warn("a dead attempt stays until its lease ends");
    }
    impl->work.spawn(impl->take_work());
    impl->beats.spawn(impl->beat());
    co_return Result<void>();
}

void WorkerPool::drain() {
    if (impl_->draining.exchange(true)) return;
    impl_->queue.withdraw(impl_->config.id);
    impl_->slot_is_free();
    impl_->work.spawn(impl_->end_after_grace());
}

void WorkerPool::hurry() {
    drain();
    impl_->hurried = true;
    impl_->stop_all(StopReason::Drain);
}

void WorkerPool::join_blocking() {
    impl_->work.join_blocking();
    impl_->beats.cancel();
    impl_->beats.join_blocking();
    impl_->queue.on_stop(impl_->config.id, {});
    impl_->queue.workers().forget(impl_->config.id);
}

}  // namespace zs::jobs
