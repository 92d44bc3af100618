#include "core/jobs/memory_job_store.hpp"

#include "core/jobs/limits.hpp"

#include <algorithm>
#include <tuple>

namespace zs::jobs {
namespace {

using Row = MemoryJobTables::Row;

bool holds_all(const std::vector<std::string>& has, const std::vector<std::string>& wanted) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& label) {
        return std::find(has.begin(), has.end(), label) != has.end();
    });
}

bool suits(const Job& job, const ClaimQuery& query) {
    if (job.eligible_at > query.now) return false;
    if (query.tenant && *query.tenant != job.tenant) return false;
    if (job.spec.sandbox > query.sandbox || !holds_all(query.labels, job.spec.requires_labels)) {
        return false;
    }
    return query.kinds.empty() || holds_all(query.kinds, {job.spec.kind});
}

bool fits(const Job& job, const JobFilter& filter) {
    const auto& states = filter.states;
    if (!states.empty() && std::find(states.begin(), states.end(), job.state) == states.end()) {
        return false;
    }
    if (!filter.name.empty() && job.spec.name != filter.name) return false;
    if (!filter.tag.empty() && !holds_all(job.spec.tags, {filter.tag})) return false;
    for (const auto& [key, wanted] : filter.metadata) {
        const auto* value = job.spec.metadata.if_contains(key);
        if (value == nullptr || !value->is_string() || value->get_string() != wanted) return false;
    }
    if (filter.submitted_by && job.submitted_by != filter.submitted_by) return false;
    if (filter.schedule_id && job.schedule_id != filter.schedule_id) return false;
    if (filter.created_after && job.created_at <= *filter.created_after) return false;
    if (filter.created_before && job.created_at >= *filter.created_before) return false;
    if (!filter.behind) return true;
    const auto place = std::pair(job.created_at, job.id);
    return filter.ascending ? place > *filter.behind : place < *filter.behind;
}

}  // namespace

async::Task<Result<std::vector<Result<Submitted>>>> MemoryJobStore::add(std::vector<NewJob> jobs,
                                                                        AddMode mode) {
    const std::lock_guard lock(tables_.mutex);
    std::vector<Result<Submitted>> answers;
    answers.reserve(jobs.size());
    if (mode == AddMode::AllOrNone) {
        for (const auto& job : jobs) {
            auto checked = tables_.check(job, jobs);
            if (checked) continue;
            answers.assign(jobs.size(), checked.error());
            co_return answers;
        }
    }
    for (const auto& job : jobs) {
        auto checked = tables_.check(job, jobs);
        if (!checked) {
            answers.emplace_back(checked.error());
        } else {
            answers.push_back(tables_.add(job));
        }
    }
    co_return answers;
}

// Tenants that got least in this call go first; inside one by rank.
Row* MemoryJobStore::choose(const ClaimQuery& query,
                            std::map<identity::Tenant, std::size_t>& given) {
    Row* best = nullptr;
    const auto rank = [&](const Row& row) {
        const Job& job = row.job;
        return std::tuple(
            given[job.tenant],
            to_unix_millis(job.eligible_at) - std::int64_t{60'000} * job.spec.priority, job.id);
    };
    for (auto& [id, row] : tables_.rows) {
        const Job& job = row.job;
        if (!tables_.can_be_leased(row) || !suits(job, query)) continue;
        if (job.spec.concurrency) {
            const auto running =
                std::count_if(tables_.rows.begin(), tables_.rows.end(), [&](const auto& other) {
                    const Job& o = other.second.job;
                    return o.state == JobState::Running && o.tenant == job.tenant
                           && o.spec.concurrency
                           && o.spec.concurrency->key == job.spec.concurrency->key;
                });
            if (running >= std::int64_t{job.spec.concurrency->max}) continue;
        }
        if (job.spec.rate) {
            auto& starts = tables_.starts[{job.tenant, job.spec.rate->key}];
            while (!starts.empty() && starts.front() + limits::kRateWindow <= query.now)
                starts.pop_front();
            if (starts.size() >= job.spec.rate->per_minute) continue;
        }
        if (best == nullptr || rank(row) < rank(*best)) best = &row;
    }
    return best;
}

async::Task<Result<std::vector<LeasedJob>>> MemoryJobStore::claim(ClaimQuery query) {
    const std::lock_guard lock(tables_.mutex);
    std::vector<LeasedJob> leased;
    for (const JobId id : query.candidates) {
        const auto found = tables_.rows.find(id);
        if (found == tables_.rows.end() || !tables_.can_be_leased(found->second)) continue;
        leased.push_back(tables_.lease(found->second, query));
    }
    if (!query.candidates.empty()) co_return leased;
    std::map<identity::Tenant, std::size_t> given;
    while (leased.size() < query.count) {
        Row* row = choose(query, given);
        if (row == nullptr) break;
        ++given[row->job.tenant];
        leased.push_back(tables_.lease(*row, query));
    }
    co_return leased;
}

async::Task<Result<std::vector<LeaseState>>> MemoryJobStore::extend(WorkerId worker,
                                                                    std::vector<LeaseRef> leases,
                                                                    Millis lease, Timestamp now) {
    const std::lock_guard lock(tables_.mutex);
    std::vector<LeaseState> states;
    for (const auto& ref : leases) {
        LeaseState state;
        state.job = ref.job;
        Row* row = tables_.leased(ref);
        state.kept = row != nullptr && row->job.worker == worker;
        if (state.kept) {
            state.cancel_requested = row->job.cancel_requested_at.has_value();
            row->job.lease_expires_at = now + lease;
        }
        states.push_back(state);
    }
    co_return states;
}

async::Task<Result<std::vector<Result<Changes>>>> MemoryJobStore::finish(
    std::vector<FinishedAttempt> attempts) {
    const std::lock_guard lock(tables_.mutex);
    std::vector<Result<Changes>> answers;
    answers.reserve(attempts.size());
    for (auto& attempt : attempts)
        answers.push_back(tables_.finish(std::move(attempt)));
    co_return answers;
}

async::Task<Result<Changes>> MemoryJobStore::steer(identity::Tenant tenant, JobId job, Steer steer,
                                                   Timestamp now) {
    const std::lock_guard lock(tables_.mutex);
    Row* row = tables_.find(tenant, job);
    if (row == nullptr) co_return no_such_job();
    co_return tables_.steer(*row, steer, now);
}

async::Task<Result<Swept>> MemoryJobStore::sweep(SweepQuery query) {
    const std::lock_guard lock(tables_.mutex);
    Swept swept;
    auto lost = query.lost;
    if (query.find_expired) {
        for (const auto& [id, row] : tables_.rows) {
            if (row.job.state == JobState::Running && row.job.lease_expires_at
                && *row.job.lease_expires_at <= query.now) {
                lost.push_back({id, row.job.token});
            }
        }
    }
    for (const auto& lease : lost) {
        if (tables_.leased(lease) == nullptr) continue;
        FinishedAttempt attempt;
        attempt.lease = lease;
        attempt.outcome.kind = Outcome::Kind::Lost;
        attempt.now = query.now;
        attempt.lost_leases_max = query.lost_leases_max;
        auto changes = tables_.finish(std::move(attempt));
        if (!changes) continue;
        for (auto& transition : changes->transitions)
            swept.changes.transitions.push_back(std::move(transition));
    }
    if (!query.purge_completed_before) co_return swept;
    std::set<Uuid> needed;
    for (const auto& [id, row] : tables_.rows) {
        if (is_final(row.job.state)) continue;
        for (const auto& dependency : row.job.spec.depends_on)
            needed.insert(dependency.job);
    }
    for (const auto& [id, row] : tables_.rows) {
        if (swept.purged.size() >= query.purge_max) break;
        if (is_final(row.job.state) && row.job.completed_at
            && *row.job.completed_at < *query.purge_completed_before
            && !needed.contains(id.uuid())) {
            swept.purged.push_back(id);
        }
    }
    for (const JobId id : swept.purged)
        tables_.erase(id);
    co_return swept;
}

async::Task<Result<std::optional<Job>>> MemoryJobStore::find(identity::Tenant tenant, JobId job) {
    const std::lock_guard lock(tables_.mutex);
    Row* row = tables_.find(tenant, job);
    if (row == nullptr) co_return std::optional<Job>();
    co_return std::optional<Job>(row->job);
}

async::Task<Result<std::vector<Job>>> MemoryJobStore::list(identity::Tenant tenant,
                                                           JobFilter filter) {
    const std::lock_guard lock(tables_.mutex);
    std::vector<Job> jobs;
    for (const auto& [id, row] : tables_.rows) {
        const Job& job = row.job;
        if (filter.every_tenant) {
            const bool behind = !filter.behind || id > filter.behind->second;
            const bool wanted = filter.worker.empty()
                                || (job.state == JobState::Running && job.worker == filter.worker);
            if (!is_final(job.state) && behind && wanted) jobs.push_back(job);
        } else if (job.tenant == tenant && fits(job, filter)) {
            jobs.push_back(job);
        }
    }
    if (!filter.every_tenant) {
        std::sort(jobs.begin(), jobs.end(), [&](const Job& a, const Job& b) {
            const auto x = std::pair(a.created_at, a.id);
            const auto y = std::pair(b.created_at, b.id);
            return filter.ascending ? x < y : y < x;
        });
    }
    if (jobs.size() > filter.limit) {
        jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(filter.limit), jobs.end());
    }
    co_return jobs;
}

}  // namespace zs::jobs
