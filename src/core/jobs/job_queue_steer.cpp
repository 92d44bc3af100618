#include "core/jobs/job_queue_impl.hpp"

#include <algorithm>
#include <cstdlib>

namespace zs::jobs {
namespace {

bool waits(JobState state) {
    return state == JobState::Pending || state == JobState::Retrying;
}

// What a cursor is bound to.
std::string filters_text(const JobFilter& filter) {
    std::string text = filter.ascending ? "asc" : "desc";
    for (const JobState state : filter.states)
        text += "," + std::string(to_text(state));
    text += "|" + filter.name + "|" + filter.tag;
    for (const auto& [key, value] : filter.metadata)
        text += "|" + key + "=" + value;
    if (filter.submitted_by) text += "|by " + filter.submitted_by->to_string();
    if (filter.schedule_id) text += "|of " + filter.schedule_id->to_string();
    if (filter.created_after) text += "|>" + to_rfc3339(*filter.created_after);
    if (filter.created_before) text += "|<" + to_rfc3339(*filter.created_before);
    return text;
}

// What no worker offers; when each thing is offered by somebody, that nobody offers all.
std::string lacking(const std::vector<WorkerInfo>& workers, const JobBrief& job) {
    if (workers.empty()) return "there is no worker";
    const auto nobody = [&](auto offers) { return std::ranges::none_of(workers, offers); };
    std::string missing;
    const auto add = [&](const std::string& what) {
        missing += (missing.empty() ? "" : ", ") + what;
    };
    for (const auto& label : job.requires_labels) {
        const auto has = [&](const WorkerInfo& one) {
            return std::ranges::find(one.labels, label) != one.labels.end();
        };
        if (nobody(has)) add("label '" + label + "'");
    }
    if (nobody([&](const WorkerInfo& one) { return one.sandbox >= job.sandbox; }))
        add("sandbox tier " + std::string(to_text(job.sandbox)));
    const auto knows = [&](const WorkerInfo& one) {
        return one.kinds.empty() || std::ranges::find(one.kinds, job.kind) != one.kinds.end();
    };
    if (nobody(knows)) add("kind '" + job.kind + "'");
    if (missing.empty()) return "no single worker has all that it asks for";
    return "no worker has " + missing;
}

std::string place_text(const Job& job) {
    return std::to_string(to_unix_millis(job.created_at)) + " " + job.id.to_string();
}

Result<std::pair<Timestamp, JobId>> read_place(const std::string& text) {
    const auto blank = text.find(' ');
    auto id = JobId::parse(blank == std::string::npos ? "" : text.substr(blank + 1));
    if (!id) return invalid_argument("this cursor is not one of this list", "invalid_cursor");
    return std::pair(from_unix_millis(std::strtoll(text.c_str(), nullptr, 10)), *id);
}

}  // namespace

async::Task<Result<Changes>> JobQueue::Impl::steer(identity::Tenant tenant, JobId job,
                                                   Steer steer) {
    begin(job);
    const Timestamp at = now().wall;
    auto changes = co_await ports.jobs.steer(tenant, job, steer, at);
    if (!changes && changes.error().code != ErrorCode::NotFound
        && changes.error().code != ErrorCode::Conflict) {
        suspect(tenant, job);
        const std::lock_guard lock(mutex);
        if (steer == Steer::Retry) untold.emplace(job, Untold::Redrive);
    }
    end(job, changes ? *changes : Changes());
    wake_shared();
    co_return changes;
}

async::Task<Result<JobState>> JobQueue::cancel(identity::Tenant tenant, JobId job) {
    auto changes = co_await impl_->steer(std::move(tenant), job, Steer::Cancel);
    if (!changes) co_return changes.error();
    if (changes->transitions.empty()) co_return JobState::Running;
    co_return changes->transitions.front().job.state;
}

async::Task<Result<Job>> JobQueue::retry(identity::Tenant tenant, JobId job) {
    auto changes = co_await impl_->steer(tenant, job, Steer::Retry);
    if (!changes) co_return changes.error();
    co_return co_await find(tenant, job);
}

async::Task<Result<void>> JobQueue::purge(identity::Tenant tenant, JobId job) {
    auto changes = co_await impl_->steer(std::move(tenant), job, Steer::Purge);
    if (!changes) co_return changes.error();
    co_return Result<void>();
}

// True when something changed, false when the time is over.
async::Task<bool> JobQueue::Impl::wait_for_change(JobId job, Moment until) {
    auto start = [this, job, until](async::Completion<Result<bool>> done) mutable {
        const std::lock_guard lock(mutex);
        if (stopped || watcher_count >= limits::kWaitersMax) {
            done.complete(false);
            return;
        }
        ++watcher_count;
        ChangeWaiter waiter{until, std::move(done)};
        watchers[job].push_back(std::move(waiter));
    };
    auto changed = co_await async::wait_for<Result<bool>>(std::move(start));
    co_return changed&&* changed;
}

async::Task<Result<Job>> JobQueue::find(identity::Tenant tenant, JobId job, Millis wait) {
    Impl& queue = *impl_;
    const Moment until = queue.now().moment + std::clamp(wait, Millis(0), limits::kWaitMax);
    std::optional<std::pair<JobState, bool>> was;
    while (true) {
        auto found = co_await queue.ports.jobs.find(tenant, job);
        if (!found) co_return found.error();
        if (!*found) co_return no_such_job();
        Job& seen = **found;
        {
            const std::lock_guard lock(queue.mutex);
            const Now at = queue.now();
            const Lease* lease = queue.leases.find({seen.id, seen.token});
            if (lease != nullptr && seen.state == JobState::Running && !queue.shared()) {
                seen.lease_expires_at = at.wall + (lease->expires - at.moment);
            }
        }
        const std::pair state(seen.state, seen.cancel_requested_at.has_value());
        const bool over = queue.now().moment >= until || is_final(seen.state) || queue.stopped;
        if (over || (was && *was != state)) co_return std::move(seen);
        was = state;
        // A change between the look and the wait is found by the next look.
        co_await queue.wait_for_change(job, std::min(until, queue.now().moment + Seconds(1)));
    }
}

std::optional<Waiting> JobQueue::Impl::waiting(const JobBrief& job) {
    if (!waits(job.state)) return std::nullopt;
    {
        const std::lock_guard lock(mutex);
        const auto obstacles = ready.obstacles(job.id, now());
        if (!obstacles.empty()) return obstacles.front().rule;
        if (shared() && ready.paused(job.tenant)) return Waiting::Paused;
    }
    if (job.open_dependencies > 0) return Waiting::Dependencies;
    if (job.eligible_at > now().wall) return Waiting::Schedule;
    return Waiting::Worker;
}

std::optional<Waiting> JobQueue::waiting(const Job& job) const {
    return impl_->waiting(brief_of(job));
}

async::Task<Result<void>> JobQueue::Impl::blocked_by_dependencies(const Job& job, Why& why) {
    Blocker blocker;
    blocker.rule = "dependency";
    for (const auto& dependency : job.spec.depends_on) {
        auto on = co_await ports.jobs.find(job.tenant, JobId(dependency.job));
        if (!on) co_return on.error();
        if (*on && !is_final((*on)->state)) blocker.held_by.push_back(JobId(dependency.job));
    }
    blocker.detail = "waits for jobs that are not finished";
    why.reasons.push_back(std::move(blocker));
    co_return Result<void>();
}

async::Task<Result<Why>> JobQueue::why(identity::Tenant tenant, JobId id) {
    Impl& queue = *impl_;
    auto job = co_await find(tenant, id);
    if (!job) co_return job.error();
    Why why;
    why.state = job->state;
    if (!waits(job->state)) co_return why;
    const JobBrief brief = brief_of(*job);
    why.waiting = queue.waiting(brief);
    if (job->open_dependencies > 0) {
        auto looked = co_await queue.blocked_by_dependencies(*job, why);
        if (!looked) co_return looked.error();
    }
    std::vector<ReadyQueue::Obstacle> obstacles;
    const Now at = queue.now();
    if (queue.shared()) {
        auto looked = co_await queue.blocked_in_store(*job, why);
        if (!looked) co_return looked.error();
    }
    {
        const std::lock_guard lock(queue.mutex);
        obstacles = queue.ready.obstacles(id, at);
        if (queue.shared()) queue.add_known_obstacles(brief, at, obstacles);
    }
    for (auto& obstacle : obstacles) {
        if (obstacle.rule == Waiting::Dependencies) continue;
        Blocker blocker;
        blocker.rule = std::string(to_text(obstacle.rule));
        if (obstacle.rule == Waiting::Schedule && job->state == JobState::Retrying) {
            blocker.rule = "backoff";
        }
        blocker.limit = obstacle.limit;
        blocker.held_by = std::move(obstacle.held_by);
        if (obstacle.in) blocker.until = at.wall + *obstacle.in;
        if (obstacle.rule == Waiting::Concurrency) blocker.detail = job->spec.concurrency->key;
        if (obstacle.rule == Waiting::Rate) blocker.detail = job->spec.rate->key;
        why.reasons.push_back(std::move(blocker));
    }
    if (!queue.registry.can_run(brief)) {
        Blocker blocker;
        blocker.rule = "worker";
        blocker.detail = lacking(queue.registry.list(tenant), brief);
        why.reasons.push_back(std::move(blocker));
    }
    co_return why;
}

async::Task<Result<identity::Page<Job>>> JobQueue::list(identity::Tenant tenant, JobFilter filter,
                                                        identity::PageRequest page) {
    auto checked = identity::check_limit(page);
    if (!checked) co_return checked.error();
    const std::string filters = filters_text(filter);
    if (page.cursor) {
        auto key = identity::read_cursor(filters, *page.cursor);
        if (!key) co_return key.error();
        auto place = read_place(*key);
        if (!place) co_return place.error();
        filter.behind = *place;
    }
    filter.every_tenant = false;
    filter.limit = static_cast<std::size_t>(page.limit) + 1;
    auto jobs = co_await impl_->ports.jobs.list(std::move(tenant), std::move(filter));
    if (!jobs) co_return jobs.error();
    co_return identity::make_page(std::move(*jobs), page, filters, place_text);
}

async::Task<Result<QueueStats>> JobQueue::stats(identity::Tenant tenant) {
    Impl& queue = *impl_;
    const Timestamp at = queue.now().wall;
    auto counts = co_await queue.ports.queues.counts(tenant, at);
    if (!counts) co_return counts.error();
    QueueStats stats;
    stats.counts = *counts;
    if (counts->oldest_pending && *counts->oldest_pending < at) {
        const auto age = std::chrono::floor<Seconds>(at - *counts->oldest_pending);
        stats.oldest_pending_secs = static_cast<std::uint64_t>(age.count());
    }
    stats.workers = queue.registry.list(tenant).size();
    const std::lock_guard lock(queue.mutex);
    stats.paused = queue.ready.paused(tenant);
    co_return stats;
}

async::Task<Result<void>> JobQueue::set_paused(identity::Tenant tenant, bool paused) {
    Impl& queue = *impl_;
    const auto remember = [&](bool now_paused) {
        const std::lock_guard lock(queue.mutex);
        queue.ready.set_paused(tenant, now_paused);
        queue.pump();
    };
    // Memory first when pausing, last when resuming: nothing is picked that the store refuses.
    if (paused) remember(true);
    const Timestamp at = queue.now().wall;
    auto stored = co_await queue.ports.queues.set_paused(tenant, paused, at);
    if (stored && !paused) remember(false);
    if (!stored && paused) remember(false);
    queue.wake_shared();
    co_return stored;
}

async::Task<Result<std::vector<LogEntry>>> JobQueue::read_log(identity::Tenant tenant, JobId job,
                                                              LogQuery query, Millis wait) {
    Impl& queue = *impl_;
    const Moment until = queue.now().moment + std::clamp(wait, Millis(0), limits::kWaitMax);
    while (true) {
        bool ended = true;
        if (wait > Millis(0)) {
            auto found = co_await queue.ports.jobs.find(tenant, job);
            if (!found) co_return found.error();
            if (!*found) co_return no_such_job();
            ended = is_final((*found)->state);
        }
        auto entries = co_await queue.ports.logs.read(tenant, job, query);
        if (!entries || !entries->empty() || ended) co_return entries;
        const Moment at = queue.now().moment;
        if (at >= until || queue.stopped) co_return entries;
        co_await queue.wait_for_change(job, std::min(until, at + Seconds(1)));
    }
}

async::Task<Result<std::vector<ArtifactRecord>>> JobQueue::artifacts(
    identity::Tenant tenant, JobId job, std::optional<std::uint32_t> attempt) {
    co_return co_await impl_->ports.artifacts.list(std::move(tenant), job, attempt);
}

async::Task<Result<ArtifactRecord>> JobQueue::artifact(identity::Tenant tenant, JobId job,
                                                       std::string name,
                                                       std::optional<std::uint32_t> attempt) {
    const bool outside = name.empty() || name.front() == '/' || name == ".."
                         || name.starts_with("../") || name.find("/../") != std::string::npos
                         || name.ends_with("/..") || name.find('\0') != std::string::npos;
    if (outside) {
        co_return invalid_argument("an artifact's name is a relative path without '..'",
                                   "invalid_name");
    }
    auto all = co_await artifacts(std::move(tenant), job, attempt);
    if (!all) co_return all.error();
    for (auto& record : *all) {
        if (record.artifact.name == name) co_return std::move(record);
    }
    co_return not_found("there is no such artifact");
}

}  // namespace zs::jobs
