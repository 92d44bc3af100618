#pragma once

#include "core/jobs/coalescer.hpp"
#include "core/jobs/job_gate.hpp"
#include "core/jobs/job_queue.hpp"
#include "core/jobs/lease_table.hpp"
#include "core/jobs/limits.hpp"
#include "core/jobs/ready_queue.hpp"

#include <atomic>
#include <list>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace zs::jobs {

// What the queue is made of. `mutex` guards everything below it; it is never held over a wait or
// a call of the store. Events are published under it, which keeps their order.
struct JobQueue::Impl {
    using Ids = std::vector<JobId>;
    using Stops = std::vector<std::pair<LeaseRef, StopReason>>;
    // What follows from a change once the lock is free: both may run other code at once.
    struct Aftermath {
        struct Told {
            identity::Tenant tenant;
            std::vector<events::NewEvent> events;
        };
        std::vector<Told> told;  // settle() publishes it, still under the lock
        Stops stops;
        std::vector<LeaseRef> orphans;  // leases whose answer was lost: nobody works under them
        std::vector<JobId> changed;     // for other processes to hear of
    };
    struct WorkWaiter {
        WorkerId name;
        Capability worker;
        std::size_t count = 1;
        Moment until;
        async::Completion<Result<Ids>> done;
    };
    struct ChangeWaiter {
        Moment until;
        async::Completion<Result<bool>> done;
    };

    Impl(QueuePorts given_ports, QueueConfig given_config, async::Executor executor);

    Now now() const { return {ports.clock.now(), ports.monotonic.now()}; }
    bool shared() const { return config.mode == QueueMode::Shared; }
    double draw();

    // Job by job, in the order of commits: memory, events, those who wait.
    void begin(JobId job);
    void end(JobId job, std::vector<Finding> findings);
    void end(JobId job, const Changes& changes);
    // These want the lock.
    void take_in(JobId job, const Changes& changes, Aftermath& after);
    void take_in(std::vector<Finding> findings, Aftermath& after);
    void take_in(const Transition& transition, Aftermath& after);
    void take_in(const JobBrief& seen, Aftermath& after);
    void tell_submit_in_doubt(const JobBrief& job, Aftermath& after);
    void tell_late(const Transition& news, bool is_old, Aftermath& after);
    bool is_news(const JobBrief& seen) const;
    void forget(const identity::Tenant& tenant, JobId job, LeaseToken until);
    void act(const Aftermath& after);
    void notify(const Stops& stops);
    void publish(const identity::Tenant& tenant, events::NewEvent event);
    static void tell(const identity::Tenant& tenant, events::NewEvent event, Aftermath& after);
    void settle(Aftermath& after);  // wants the lock, as the last thing under it
    void wake(JobId job, bool changed);
    void wake_shared();  // workers that wait ask the store again, here and in other processes
    void pump();         // gives ready jobs to workers that wait

    Result<void> reserve(const identity::Tenant& tenant, std::size_t jobs);
    void unreserve(const identity::Tenant& tenant, std::size_t jobs);
    // What is left of a job once the store has been given it.
    struct Coming {
        JobId id;
        identity::Tenant tenant;
        Timestamp created_at;
        events::NewEvent submitted;
    };
    using Stored = Result<std::vector<Result<Submitted>>>;
    std::vector<Finding> added(Coming& job, const Result<Submitted>& answer);
    void take_in(Coming& job, const Result<Submitted>& answer, Aftermath& after);
    async::Task<Stored> run_piece(std::vector<NewJob> jobs);
    async::Task<std::vector<Result<Submitted>>> run_pieces(std::vector<NewJob> jobs);
    async::Task<Stored> store_adds(std::vector<NewJob> jobs, AddMode mode,
                                   std::vector<Coming>& coming);
    async::Task<std::vector<Result<Submitted>>> run_adds(std::vector<NewJob> jobs, AddMode mode);
    async::Task<std::vector<Result<Changes>>> run_finishes(std::vector<FinishedAttempt> attempts);
    bool takes_nothing(const WorkerId& worker) const;  // wants the lock
    template <class Wanted>
    void answer_empty(Wanted wanted);  // the workers that wait and are wanted; wants the lock
    async::Task<Result<Ids>> wait_for_work(WorkerId name, Capability worker, std::size_t count,
                                           Millis wait);
    async::Task<Result<std::vector<LeasedJob>>> claim(ClaimQuery query);
    Lease new_lease(const Job& job, Now at) const;
    void leased(const LeasedJob& job, Now now, Aftermath& after);  // wants the lock
    async::Task<bool> wait_for_change(JobId job, Moment until);
    async::Task<Result<Changes>> steer(identity::Tenant tenant, JobId job, Steer steer);

    void suspect(const identity::Tenant& tenant, JobId job);
    void suspect(JobId job);
    async::Task<> look_again();  // at suspects
    async::Task<> give_back(LeaseRef orphan);
    async::Task<> sweep_expired(Now now);
    async::Task<> purge(Now now);
    void expire_waiters(Now now);
    void flush_progress(Now now);
    Millis until_next(Now now);
    async::Task<> pass_time(JobQueue& queue);
    async::Task<Result<void>> load();
    std::optional<Waiting> waiting(const JobBrief& job);
    async::Task<Result<void>> blocked_by_dependencies(const Job& job, Why& why);

    // With several processes on one store (job_queue_shared.cpp).
    Lease known_lease(const Job& job, Now at) const;
    void ring(Ring ring);
    void heard(const Ring& ring);
    void ask_again();  // workers of this process that wait
    async::Task<> check_leases(std::vector<std::pair<identity::Tenant, LeaseRef>> some);
    async::Task<> learn(Now at);  // what others did: pauses, workers
    void know_paused(std::vector<identity::Tenant> now_paused);
    async::Task<> exchange_workers(Now at);
    void add_known_obstacles(const JobBrief& job, Now at, std::vector<ReadyQueue::Obstacle>& all);
    async::Task<Result<void>> blocked_in_store(const Job& job, Why& why);
    async::Task<> count_waiting(identity::Tenant tenant);
    async::Task<Result<std::vector<LeaseState>>> extend(WorkerId worker,
                                                        std::vector<LeaseRef> leases);

    QueuePorts ports;
    const QueueConfig config;
    async::TaskGroup calls;  // ends by itself
    async::TaskGroup time;   // cancelled by stop()
    WorkerRegistry registry;
    Coalescer<NewJob, Submitted> adds;
    Coalescer<FinishedAttempt, Changes> finishes;
    std::atomic<bool> draining{false};
    std::atomic<bool> stopped{false};

    mutable std::mutex mutex;
    ReadyQueue ready;
    LeaseTable leases;
    JobGate gate;
    std::mt19937_64 random;
    std::list<WorkWaiter> workers_waiting;
    std::set<WorkerId> withdrawn;
    std::unordered_map<JobId, std::list<ChangeWaiter>> watchers;
    std::size_t watcher_count = 0;
    std::map<WorkerId, StopListener> stop_listeners;
    std::map<identity::Tenant, std::size_t> being_added;
    std::set<std::pair<identity::Tenant, JobId>> suspects;  // memory may differ from the store
    // Those of which memory knows nothing that would tell whether the change was heard of.
    enum class Untold : std::uint8_t { Add, Redrive };
    std::unordered_map<JobId, Untold> untold;
    Moment purged_at;
    // QueueMode::Shared: jobs that wait, as the store last said, and what came since.
    struct WaitingCount {
        std::size_t jobs = 0;
        Moment counted_at;
    };
    std::map<identity::Tenant, WaitingCount> waiting_counts;
    std::set<identity::Tenant> paused_elsewhere;
    std::set<WorkerId> announced;
    Moment learned_at;
    Moment swept_at;
    std::atomic<std::uint64_t> works{0};  // grows with every ring for work
    bool ticking = false;
};

template <class Wanted>
void JobQueue::Impl::answer_empty(Wanted wanted) {
    std::erase_if(workers_waiting, [&](WorkWaiter& waiter) {
        if (!wanted(waiter)) return false;
        waiter.done.complete(Ids());
        return true;
    });
}

}  // namespace zs::jobs
