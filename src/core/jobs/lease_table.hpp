#pragma once

#include "core/jobs/job_store.hpp"
#include "core/jobs/monotonic.hpp"
#include "core/jobs/worker.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace zs::jobs {

// A live lease, as the process that gave it knows it.
struct Lease {
    LeaseRef ref;
    WorkerId worker;
    identity::Tenant tenant;
    Moment expires;
    Moment hard_end;  // heartbeats do not move it beyond
    bool cancel = false;
    std::uint32_t attempt = 0;
    std::uint32_t retry_count = 0;
    RetryRules retry;
    Moment progress_at;
    std::optional<Progress> progress;  // held back
};

// Leases on the monotonic clock. Threading: one at a time; the queue holds its lock.
class LeaseTable {
public:
    Lease* find(const LeaseRef& ref) {
        const auto found = leases_.find(ref.job);
        const bool same = found != leases_.end() && found->second.ref.token == ref.token;
        return same ? &found->second : nullptr;
    }
    Lease* find(JobId job) {
        const auto found = leases_.find(job);
        return found == leases_.end() ? nullptr : &found->second;
    }
    const Lease* find(JobId job) const {
        const auto found = leases_.find(job);
        return found == leases_.end() ? nullptr : &found->second;
    }
    // The lease with this token, or an older one: what is known may be older than the lease.
    void erase(JobId job, LeaseToken until) {
        const Lease* lease = find(job);
        if (lease != nullptr && lease->ref.token <= until) erase(job);
    }
    // A newer token replaces an older one; the same one keeps that a cancel was asked for.
    Lease& put(Lease lease) {
        if (Lease* was = find(lease.ref)) lease.cancel = lease.cancel || was->cancel;
        erase(lease.ref.job);
        by_end_.emplace(lease.expires, lease.ref.job);
        by_worker_[lease.worker].insert(lease.ref.job);
        return leases_.emplace(lease.ref.job, std::move(lease)).first->second;
    }
    void extend(Lease& lease, Moment until) {
        by_end_.erase({lease.expires, lease.ref.job});
        lease.expires = std::min(until, lease.hard_end);
        by_end_.emplace(lease.expires, lease.ref.job);
    }
    void erase(JobId job) {
        const auto found = leases_.find(job);
        if (found == leases_.end()) return;
        by_end_.erase({found->second.expires, job});
        const auto worker = by_worker_.find(found->second.worker);
        worker->second.erase(job);
        if (worker->second.empty()) by_worker_.erase(worker);
        leases_.erase(found);
    }
    std::vector<LeaseRef> expired(Moment now, std::size_t most) const {
        std::vector<LeaseRef> refs;
        for (const auto& [end, job] : by_end_) {
            if (end > now || refs.size() == most) break;
            refs.push_back(leases_.at(job).ref);
        }
        return refs;
    }
    std::optional<Moment> next_end() const {
        if (by_end_.empty()) return std::nullopt;
        return by_end_.begin()->first;
    }
    std::vector<LeaseRef> of(const WorkerId& worker) const {
        std::vector<LeaseRef> refs;
        const auto found = by_worker_.find(worker);
        if (found == by_worker_.end()) return refs;
        for (const JobId job : found->second)
            refs.push_back(leases_.at(job).ref);
        return refs;
    }
    std::size_t count(const WorkerId& worker) const {
        const auto found = by_worker_.find(worker);
        return found == by_worker_.end() ? 0 : found->second.size();
    }
    std::size_t size() const { return leases_.size(); }
    auto begin() { return leases_.begin(); }
    auto end() { return leases_.end(); }

private:
    std::unordered_map<JobId, Lease> leases_;
    std::set<std::pair<Moment, JobId>> by_end_;
    std::map<WorkerId, std::set<JobId>> by_worker_;
};

}  // namespace zs::jobs
