#include "core/jobs/memory_job_tables.hpp"

#include <algorithm>

namespace zs::jobs {
namespace {

std::string message_of(Failure failure) {
    switch (failure) {
        case Failure::Poisoned: return "the workers of this job keep dying";
        case Failure::DependencyFailed: return "a job it depends on did not end as needed";
        case Failure::Canceled: return "canceled";
        default: return std::string(to_text(failure));
    }
}

}  // namespace

MemoryJobTables::Row* MemoryJobTables::find(const identity::Tenant& tenant, JobId id) {
    const auto found = rows.find(id);
    return found == rows.end() || found->second.job.tenant != tenant ? nullptr : &found->second;
}

MemoryJobTables::Row* MemoryJobTables::leased(const LeaseRef& lease) {
    const auto found = rows.find(lease.job);
    if (found == rows.end() || lease.token == LeaseToken{}) return nullptr;
    Row& row = found->second;
    return row.job.state == JobState::Running && row.job.token == lease.token ? &row : nullptr;
}

Result<void> MemoryJobTables::check(const NewJob& job, const std::vector<NewJob>& batch) const {
    if (job.schedule_id && job.nominal_time
        && fired.contains({*job.schedule_id, *job.nominal_time})) {
        return conflict("this time of the schedule has its job", "schedule_fired");
    }
    for (const auto& dependency : job.spec.depends_on) {
        const auto stored = rows.find(JobId(dependency.job));
        const bool here = stored != rows.end() && stored->second.job.tenant == job.tenant;
        const bool beside = std::any_of(batch.begin(), batch.end(), [&](const NewJob& other) {
            return other.id.uuid() == dependency.job && other.tenant == job.tenant;
        });
        if (here || beside) continue;
        Error error = unprocessable(
            "there is no job " + dependency.job.to_string() + " to depend on", "depends_on");
        error.reason = "no_such_dependency";
        return error;
    }
    const auto user = unique.find({job.tenant, job.spec.unique_key});
    if (!job.spec.unique_key.empty() && user != unique.end()
        && job.spec.on_conflict == OnConflict::Error) {
        return conflict("a job with this unique key is not finished", "unique_key_in_use");
    }
    return {};
}

// After check(). Members of a batch come in an order in which dependencies are there first.
Result<Submitted> MemoryJobTables::add(NewJob added) {
    const KeyOfTenant key{added.tenant, added.spec.unique_key};
    const auto user = added.spec.unique_key.empty() ? unique.end() : unique.find(key);
    if (user != unique.end()) {
        Job& job = rows.at(user->second).job;
        const bool waits = job.state == JobState::Pending || job.state == JobState::Retrying;
        if (added.spec.on_conflict == OnConflict::Error) {
            return conflict("a job with this unique key is not finished", "unique_key_in_use");
        }
        if (added.spec.on_conflict == OnConflict::Replace && waits) {
            job.spec = std::move(added.spec);
            job.updated_at = added.created_at;
            job.eligible_at = std::max(added.created_at, job.spec.run_at.value_or(Timestamp{}));
        }
        return Submitted{job.id, job.state, true, brief_of(job)};
    }
    if (added.schedule_id && added.nominal_time) {
        fired.insert({*added.schedule_id, *added.nominal_time});
    }
    Row& row = rows[added.id];
    Job& job = row.job;
    job.id = added.id;
    job.tenant = std::move(added.tenant);
    job.spec = std::move(added.spec);
    job.created_at = job.updated_at = added.created_at;
    job.eligible_at = std::max(added.created_at, job.spec.run_at.value_or(Timestamp{}));
    job.submitted_by = added.submitted_by;
    job.schedule_id = added.schedule_id;
    job.last_seq = 1;
    row.nominal_time = added.nominal_time;
    if (!job.spec.unique_key.empty()) unique[key] = job.id;
    bool hopeless = false;
    for (const auto& dependency : job.spec.depends_on) {
        const auto on = rows.find(JobId(dependency.job));
        if (on == rows.end()) continue;
        if (!is_final(on->second.job.state)) {
            on->second.dependants.insert(job.id);
            ++job.open_dependencies;
        } else if (!is_met(dependency.when, on->second.job.state)) {
            hopeless = true;
        }
    }
    if (hopeless) {
        Changes changes;
        const auto next = next_state(job.state, false, job.counters, JobEvent::DependencyFail, {});
        change(row, *next, added.created_at, changes);
    }
    return Submitted{job.id, job.state, false, brief_of(job)};
}

bool MemoryJobTables::can_be_leased(const Row& row) const {
    const Job& job = row.job;
    return (job.state == JobState::Pending || job.state == JobState::Retrying)
           && job.open_dependencies == 0 && !paused.contains(job.tenant);
}

LeasedJob MemoryJobTables::lease(Row& row, const ClaimQuery& query) {
    Job& job = row.job;
    const auto next = next_state(job.state, false, job.counters, JobEvent::Lease, {});
    job.state = next->state;
    job.counters = next->counters;
    job.token = LeaseToken{++last_token};
    job.worker = query.worker;
    job.started_at = query.now;
    job.updated_at = query.now;
    job.lease_expires_at = query.now + query.lease;
    job.sandbox.reset();
    job.exit_code.reset();
    if (job.spec.rate) starts[{job.tenant, job.spec.rate->key}].push_back(query.now);
    return LeasedJob{job, ++job.last_seq};
}

Transition MemoryJobTables::change(Row& row, const NextState& next, Timestamp now,
                                   Changes& changes) {
    Job& job = row.job;
    Transition transition;
    transition.from = job.state;
    transition.cancel_was_requested =
        next.cancel_requested && !job.cancel_requested_at && next.state == JobState::Running;
    job.state = next.state;
    job.counters = next.counters;
    job.updated_at = now;
    if (!next.cancel_requested) job.cancel_requested_at.reset();
    if (transition.cancel_was_requested) job.cancel_requested_at = now;
    if (next.failure) {
        job.error = JobError{*next.failure, message_of(*next.failure), std::nullopt, std::nullopt};
    }
    if (next.state != JobState::Running) job.lease_expires_at.reset();
    if (is_final(next.state)) {
        job.completed_at = now;
        if (!job.spec.unique_key.empty()) unique.erase({job.tenant, job.spec.unique_key});
    }
    transition.job = brief_of(job);
    transition.seq = ++job.last_seq;
    transition.error = job.state == JobState::Succeeded ? std::nullopt : job.error;
    transition.output = job.output;
    transition.at = now;
    changes.transitions.push_back(transition);
    if (is_final(next.state)) end_dependencies(row, now, changes);
    return transition;
}

void MemoryJobTables::end_dependencies(Row& row, Timestamp now, Changes& changes) {
    auto waiting = std::exchange(row.dependants, {});
    for (const JobId id : waiting) {
        const auto found = rows.find(id);
        if (found == rows.end() || found->second.job.state != JobState::Pending) continue;
        Job& job = found->second.job;
        const auto on = std::find_if(job.spec.depends_on.begin(), job.spec.depends_on.end(),
                                     [&](const auto& d) { return d.job == row.job.id.uuid(); });
        if (on == job.spec.depends_on.end() || job.open_dependencies == 0) continue;
        if (!is_met(on->when, row.job.state)) {
            const auto next =
                next_state(job.state, false, job.counters, JobEvent::DependencyFail, {});
            change(found->second, *next, now, changes);
            continue;
        }
        if (--job.open_dependencies > 0) continue;
        job.eligible_at = std::max(now, job.spec.run_at.value_or(Timestamp{}));
        Transition released;
        released.job = brief_of(job);
        released.from = JobState::Pending;
        released.at = now;
        changes.transitions.push_back(std::move(released));
    }
}

Result<Changes> MemoryJobTables::finish(FinishedAttempt attempt) {
    const auto found = rows.find(attempt.lease.job);
    if (found == rows.end() || found->second.job.token != attempt.lease.token
        || attempt.lease.token == LeaseToken{}) {
        return lease_lost();
    }
    Row& row = found->second;
    Job& job = row.job;
    if (job.state != JobState::Running) {
        if (may_have_led_to(attempt.outcome.kind, job.state)) return Changes{};
        return lease_lost();
    }
    auto next = next_state(job.state, job.cancel_requested_at.has_value(), job.counters,
                           event_of(attempt.outcome, job.spec.retry),
                           {job.spec.max_retries, attempt.lost_leases_max});
    if (!next) return next.error();
    job.exit_code = attempt.outcome.exit_code;
    if (attempt.outcome.sandbox) job.sandbox = attempt.outcome.sandbox;
    if (next->state == JobState::Succeeded) {
        job.output = std::move(attempt.outcome.output);
        job.error.reset();
    } else if (attempt.outcome.kind == Outcome::Kind::Failed && attempt.outcome.error) {
        job.error = std::move(attempt.outcome.error);
    }
    if (next->state == JobState::Retrying) job.eligible_at = attempt.now + attempt.backoff;
    if (next->state == JobState::Pending) job.eligible_at = attempt.now;
    Changes changes;
    change(row, *next, attempt.now, changes);
    return changes;
}

Result<Changes> MemoryJobTables::steer(Row& row, Steer steer, Timestamp now) {
    Job& job = row.job;
    const bool asked = job.cancel_requested_at.has_value() && job.state == JobState::Running;
    if (steer == Steer::Purge) {
        if (!is_final(job.state)) return conflict("the job is not finished", "job_running");
        const auto needs_it = [&](const auto& entry) {
            const Job& other = entry.second.job;
            return !is_final(other.state)
                   && std::ranges::any_of(other.spec.depends_on, [&](const Dependency& on) {
                          return on.job == job.id.uuid();
                      });
        };
        if (std::ranges::any_of(rows, needs_it))
            return conflict("a job that is not finished depends on this one", "job_needed");
        erase(job.id);
        return Changes{};
    }
    if (steer == Steer::Cancel && asked) return Changes{};
    const auto event = steer == Steer::Cancel ? JobEvent::Cancel : JobEvent::Redrive;
    auto next = next_state(job.state, asked, job.counters, event, {});
    if (!next) return next.error();
    if (event == JobEvent::Redrive) {
        const KeyOfTenant key{job.tenant, job.spec.unique_key};
        if (!job.spec.unique_key.empty() && !unique.emplace(key, job.id).second) {
            return conflict("another job with this unique key is not finished",
                            "unique_key_in_use");
        }
        job.completed_at.reset();
        job.cancel_requested_at.reset();
        job.output.reset();
        job.error.reset();
        job.exit_code.reset();
        job.open_dependencies = 0;
        job.eligible_at = now;
    }
    Changes changes;
    change(row, *next, now, changes);
    return changes;
}

void MemoryJobTables::erase(JobId id) {
    rows.erase(id);
}

}  // namespace zs::jobs
