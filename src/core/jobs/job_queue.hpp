#pragma once

#include "core/events/event_bus.hpp"
#include "core/identity/page.hpp"
#include "core/jobs/artifact_index.hpp"
#include "core/jobs/job_log.hpp"
#include "core/jobs/job_store.hpp"
#include "core/jobs/monotonic.hpp"
#include "core/jobs/queue_bell.hpp"
#include "core/jobs/queue_config.hpp"
#include "core/jobs/queue_store.hpp"
#include "core/jobs/worker.hpp"
#include "core/jobs/worker_registry.hpp"
#include "core/jobs/worker_store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zs::jobs {

struct QueuePorts {
    JobStore& jobs;
    QueueStore& queues;
    JobLog& logs;
    ArtifactIndex& artifacts;
    events::EventBus& events;
    const Clock& clock;
    const MonotonicClock& monotonic;
    // Whether a tenant may add jobs now; absent: yes. For Exhausted "storage_full" (507) and the
    // quota of stored bytes. Called on the submitter's thread: it must not wait.
    std::function<Result<void>(const identity::Tenant&)> admit = {};
    // With QueueMode::Shared: how processes hear of each other, and of each other's workers.
    QueueBell* bell = nullptr;
    WorkerStore* worker_store = nullptr;
};

// What to do with an attempt that is still good (jobs.md section 4).
struct LeaseAnswer {
    JobId job;
    bool kept = false;  // false: lost; the worker kills it
    bool cancel = false;
    Millis lease{0};  // from now on
};

// The rule that keeps a job from running.
struct Blocker {
    std::string rule;  // schedule, dependency, concurrency, rate, quota, paused, worker, backoff
    std::optional<std::uint64_t> limit;
    std::vector<JobId> held_by;      // at most 100
    std::optional<Timestamp> until;  // when time alone removes it
    std::string detail;
};

struct Why {
    JobState state = JobState::Pending;
    std::optional<Waiting> waiting;
    std::vector<Blocker> reasons;  // empty: nothing but its turn
};

struct QueueStats {
    JobCounts counts;
    std::uint64_t oldest_pending_secs = 0;
    std::size_t workers = 0;
    bool paused = false;
};

// Use cases over the ports: who runs next, wake-ups, leases, back-off, events. In one process the
// order is decided in memory, rebuilt from the store by start(); every change is durable before it
// is answered, and callers that come together share calls of the store.
// Lifetime:   the ports outlive it. stop() and join_blocking() before destroying it.
// Threading:  any.
// Durability: as JobStore; events are published after the commit, per job in the order of seq.
// Errors:     any method may answer Unavailable.
class JobQueue {
public:
    // `executor`: one loop, on which shared calls of the store and time's work run.
    JobQueue(QueuePorts ports, QueueConfig config, async::Executor executor);
    ~JobQueue();
    JobQueue(const JobQueue&) = delete;
    JobQueue& operator=(const JobQueue&) = delete;

    // Reads what is not final; leases that were live get one full term. Call once, before all else.
    async::Task<Result<void>> start();
    // Begins to let time pass: expired leases, due jobs, retention. Without it, call tick().
    void run_time();
    // One look at the clocks, and what follows from it.
    async::Task<> tick();
    // Nobody gets a lease any more; those who wait are answered empty. Running attempts go on.
    void drain();
    // This worker takes nothing more: next() answers it empty from now on, also where it waits.
    void withdraw(const WorkerId& worker);
    // Ends run_time(); what comes afterwards is refused.
    void stop();
    void join_blocking();
    // QueueMode::Shared, after join_blocking(): tells other processes that nobody works here any
    // more.
    async::Task<> leave();

    // `id` and `created_at` are drawn when absent. Errors: Exhausted "quota_exceeded",
    // "storage_full"; per job as JobStore::add.
    async::Task<Result<Submitted>> submit(NewJob job);
    // At most limits::kBulkMax; one answer per job.
    async::Task<Result<std::vector<Result<Submitted>>>> submit_many(std::vector<NewJob> jobs,
                                                                    AddMode mode);

    // Leases up to `count` jobs for query.worker; waits for the first one for `wait` at most. The
    // caller sets worker, labels, sandbox, kinds, tenant and count.
    async::Task<Result<std::vector<LeasedJob>>> next(ClaimQuery query, Millis wait);
    // One answer per lease, in order.
    async::Task<Result<std::vector<LeaseAnswer>>> heartbeat(WorkerId worker,
                                                            std::vector<LeaseRef> leases);
    // Also gives back (Released) and reports a dead worker (Lost). Errors: Conflict "lease_lost".
    async::Task<Result<void>> finish(LeaseRef lease, Outcome outcome);
    async::Task<Result<LogAppended>> append_log(LeaseRef lease, std::vector<LogLine> lines);
    // Published at most every limits::kProgressInterval per job, the latest wins.
    async::Task<Result<void>> report(LeaseRef lease, Progress progress);
    async::Task<Result<void>> record(LeaseRef lease, std::vector<Artifact> artifacts);
    // Live leases of a worker; a live lease as its worker got it, for those who attach again.
    std::vector<LeaseRef> leases_of(const WorkerId& worker) const;
    async::Task<Result<LeasedJob>> leased(LeaseRef lease);
    // QueueMode::Shared knows only the leases that it gave itself. Those of a worker that comes
    // back, with one full term each; a live one that another process gave, so that its worker may
    // call any of them. Errors: Conflict "lease_lost" (attach).
    async::Task<Result<void>> recall(WorkerId worker);
    async::Task<Result<void>> attach(identity::Tenant tenant, LeaseRef lease);
    // The tenant of a live lease: a remote worker acts for one tenant. NotFound: lost.
    Result<identity::Tenant> tenant_of(LeaseRef lease) const;
    // Called (on any thread, must not wait) when an attempt of this worker is to end.
    using StopListener = std::function<void(LeaseRef, StopReason)>;
    void on_stop(WorkerId worker, StopListener listener);

    // Answers the state afterwards: Canceled, or Running while its process is being ended.
    // Errors: NotFound; Conflict "job_finished".
    async::Task<Result<JobState>> cancel(identity::Tenant tenant, JobId job);
    // Errors: NotFound; Conflict "not_retryable".
    async::Task<Result<Job>> retry(identity::Tenant tenant, JobId job);
    // Errors: NotFound; Conflict "job_running".
    async::Task<Result<void>> purge(identity::Tenant tenant, JobId job);
    // With `wait`: until its state changes, or the time is over. Errors: NotFound.
    async::Task<Result<Job>> find(identity::Tenant tenant, JobId job, Millis wait = Millis(0));
    // What a waiting job waits for, as shown in replies; from memory.
    std::optional<Waiting> waiting(const Job& job) const;
    async::Task<Result<Why>> why(identity::Tenant tenant, JobId job);
    // Errors: InvalidArgument "invalid_cursor".
    async::Task<Result<identity::Page<Job>>> list(identity::Tenant tenant, JobFilter filter,
                                                  identity::PageRequest page);
    async::Task<Result<QueueStats>> stats(identity::Tenant tenant);
    // A paused queue leases nothing; it survives a restart.
    async::Task<Result<void>> set_paused(identity::Tenant tenant, bool paused);

    // With `wait`: until there is an entry, the job is final, or the time is over.
    async::Task<Result<std::vector<LogEntry>>> read_log(identity::Tenant tenant, JobId job,
                                                        LogQuery query, Millis wait = Millis(0));
    async::Task<Result<std::vector<ArtifactRecord>>> artifacts(
        identity::Tenant tenant, JobId job, std::optional<std::uint32_t> attempt);
    // Errors: NotFound; InvalidArgument "invalid_name".
    async::Task<Result<ArtifactRecord>> artifact(identity::Tenant tenant, JobId job,
                                                 std::string name,
                                                 std::optional<std::uint32_t> attempt);

    WorkerRegistry& workers();
    // Registered workers with their live leases.
    std::vector<WorkerInfo> list_workers(const identity::Tenant& tenant) const;
    const QueueConfig& config() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace zs::jobs
