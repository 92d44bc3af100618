#include "core/jobs/worker_registry.hpp"

#include "core/jobs/limits.hpp"

#include <algorithm>

namespace zs::jobs {
namespace {

// Part of a zserver process, not a caller of its API.
bool is_inside(const WorkerInfo& worker) {
    return worker.mode != "http";
}

bool serves(const WorkerInfo& worker, const identity::Tenant& tenant) {
    return !worker.tenant || *worker.tenant == tenant;
}

}  // namespace

void WorkerRegistry::seen(WorkerInfo worker) {
    const std::lock_guard lock(mutex_);
    worker.last_seen_at = clock_.now();
    Entry& entry = workers_[worker.id];
    // Inside a process draining is for good. Another caller may be new under an old name.
    worker.draining = worker.draining || (is_inside(worker) && entry.info.draining);
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
    std::map<WorkerId, WorkerInfo> all;
    for (const auto& [id, entry] : workers_) {
        if (serves(entry.info, tenant)) all.emplace(id, entry.info);
    }
    for (const auto& [id, worker] : elsewhere_) {
        if (serves(worker, tenant)) all.emplace(id, worker);
    }
    std::vector<WorkerInfo> list;
    for (auto& [id, worker] : all) {
        const auto silent = clock_.now() - worker.last_seen_at;
        const bool tells = worker.elsewhere && is_inside(worker);
        worker.healthy = !tells || silent < limits::kWorkerSilent;
        list.push_back(std::move(worker));
    }
    return list;
}

std::vector<WorkerInfo> WorkerRegistry::own() const {
    const std::lock_guard lock(mutex_);
    std::vector<WorkerInfo> all;
    for (const auto& [id, entry] : workers_) {
        all.push_back(entry.info);
        if (is_inside(entry.info)) all.back().last_seen_at = clock_.now();
    }
    return all;
}

void WorkerRegistry::learn(std::vector<WorkerInfo> elsewhere) {
    const std::lock_guard lock(mutex_);
    elsewhere_.clear();
    for (auto& worker : elsewhere) {
        if (workers_.contains(worker.id)) continue;
        worker.elsewhere = true;
        WorkerId id = worker.id;
        elsewhere_.emplace(std::move(id), std::move(worker));
    }
}

template <class Wanted>
bool WorkerRegistry::any(Wanted wanted) const {
    return std::any_of(workers_.begin(), workers_.end(),
                       [&](const auto& known) { return wanted(known.second.info); })
           || std::any_of(elsewhere_.begin(), elsewhere_.end(),
                          [&](const auto& known) { return wanted(known.second); });
}

std::optional<SandboxTier> WorkerRegistry::best_sandbox(const identity::Tenant& tenant) const {
    const std::lock_guard lock(mutex_);
    std::optional<SandboxTier> best;
    any([&](const WorkerInfo& worker) {
        if (serves(worker, tenant)) {
            best = std::max(best.value_or(SandboxTier::L0), worker.sandbox);
        }
        return false;
    });
    return best;
}

bool WorkerRegistry::can_run(const JobBrief& job) const {
    const std::lock_guard lock(mutex_);
    return any([&](const WorkerInfo& worker) {
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
