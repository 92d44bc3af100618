#pragma once

#include "core/jobs/job.hpp"
#include "core/jobs/monotonic.hpp"

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace zs::jobs {

// A worker as it is shown. `busy` is the number of its live leases, never counted up and down.
struct WorkerInfo {
    WorkerId id;
    std::string mode;  // local, http, …
    std::vector<std::string> labels;
    std::vector<std::string> kinds;
    SandboxTier sandbox = SandboxTier::L0;
    std::size_t slots = 0;
    std::size_t busy = 0;
    Timestamp last_seen_at;
    bool draining = false;
    bool healthy = true;
    std::optional<identity::Tenant> tenant;  // absent: works for every tenant
    bool elsewhere = false;                  // announced to another process on the same store
};

// Who works for this process's queue, and for the queues of others on the same store as far as they
// told. Threading: any.
class WorkerRegistry {
public:
    WorkerRegistry(const Clock& clock, const MonotonicClock& monotonic)
        : clock_(clock), monotonic_(monotonic) {}

    // At every call of the worker; the first one makes it known.
    void seen(WorkerInfo worker);
    // A call that says no more than that it lives.
    void seen(const WorkerId& id);
    void set_draining(const WorkerId& id);
    void forget(const WorkerId& id);
    // Those announced to this process: for the other ones to hear of. Workers inside the process
    // are seen now.
    std::vector<WorkerInfo> own() const;
    // Those announced to other processes, all of them.
    void learn(std::vector<WorkerInfo> elsewhere);
    // By id: the tenant's own workers and those of everybody. `busy` is 0.
    std::vector<WorkerInfo> list(const identity::Tenant& tenant) const;
    // The best tier that anybody offers to the tenant; nullopt when nobody is known.
    std::optional<SandboxTier> best_sandbox(const identity::Tenant& tenant) const;
    // Whether anybody could run it, for "why".
    bool can_run(const JobBrief& job) const;
    // Workers not heard of for limits::kWorkerForgotten go.
    void expire();

private:
    struct Entry {
        WorkerInfo info;
        Moment seen;
    };
    const Clock& clock_;
    const MonotonicClock& monotonic_;
    mutable std::mutex mutex_;
    std::map<WorkerId, Entry> workers_;
    std::map<WorkerId, WorkerInfo> elsewhere_;
    template <class Wanted>
    bool any(Wanted wanted) const;  // the caller holds the lock
};

}  // namespace zs::jobs
