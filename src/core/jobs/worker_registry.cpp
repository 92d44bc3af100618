#include "core/jobs/worker_registry.hpp"

#include "core/jobs/limits.hpp"

#include <algorithm>

namespace zs::jobs {
namespace {

bool serves(const WorkerInfo& worker, const identity::Tenant& tenant) {
    return !worker.tenant || *worker.tenant == tenant;
}

}  // namespace

void WorkerRegistry::seen(WorkerInfo worker) {
    const std::lock_guard lock(mutex_);
    worker.last_seen_at = clock_.now();
    Entry& entry = workers_[worker.id];
    worker.draining = worker.draining || entry.info.draining;
    entry.seen = monotonic_.now();
    entry.info = std::move(worker);
}

void WorkerRegistry::seen(const WorkerId& id) {
    const std::lock_guard lock(mutex_);
    const auto found = workers_.find(id);
    if (found == workers_.end()) return;
    found->second.info.last_seen_at = clock_.now();
    found->second.seen = monotonic_.now();
}

void WorkerRegistry::set_draining(const WorkerId& id) {
    const std::lock_guard lock(mutex_);
    const auto found = workers_.find(id);
    if (found != workers_.end()) found->second.info.draining = true;
}

void WorkerRegistry::forget(const WorkerId& id) {
    const std::lock_guard lock(mutex_);
    workers_.erase(id);
}

std::vector<WorkerInfo> WorkerRegistry::list(const identity::Tenant& tenant) const {
    const std::lock_guard lock(mutex_);
    std::vector<WorkerInfo> all;
    for (const auto& [id, entry] : workers_) {
        if (serves(entry.info, tenant)) all.push_back(entry.info);
    }
    return all;
}

std::optional<SandboxTier> WorkerRegistry::best_sandbox(const identity::Tenant& tenant) const {
    const std::lock_guard lock(mutex_);
    std::optional<SandboxTier> best;
    for (const auto& [id, entry] : workers_) {
        if (!serves(entry.info, tenant)) continue;
        best = std::max(best.value_or(SandboxTier::L0), entry.info.sandbox);
    }
    return best;
}

bool WorkerRegistry::can_run(const JobBrief& job) const {
    const std::lock_guard lock(mutex_);
    return std::any_of(workers_.begin(), workers_.end(), [&](const auto& known) {
        const WorkerInfo& worker = known.second.info;
        const auto has = [](const std::vector<std::string>& all, const std::string& one) {
            return std::find(all.begin(), all.end(), one) != all.end();
        };
        if (!serves(worker, job.tenant) || worker.sandbox < job.sandbox) return false;
        if (!worker.kinds.empty() && !has(worker.kinds, job.kind)) return false;
        return std::all_of(job.requires_labels.begin(), job.requires_labels.end(),
                           [&](const auto& label) { return has(worker.labels, label); });
    });
}

void WorkerRegistry::expire() {
    const std::lock_guard lock(mutex_);
    const Moment now = monotonic_.now();
    std::erase_if(workers_, [&](const auto& known) {
        return known.second.seen + limits::kWorkerForgotten < now;
    });
}

}  // namespace zs::jobs
