#include "server/job_metrics.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <chrono>

namespace zs::server {
namespace {

using jobs::JobState;
using std::chrono::steady_clock;

constexpr std::size_t kTenantsMax = 10'000;

double seconds_between(Timestamp from, Timestamp to) {
    return std::max(0.0, std::chrono::duration<double>(to - from).count());
}

metrics::Counter& finished(JobState state) {
    return metrics::counter("zbrain_finished_total", "Jobs by their end",
                            {{"state", std::string(to_text(state))}});
}

metrics::Gauge& jobs_in(std::string_view state) {
    return metrics::gauge("zbrain_jobs", "Jobs by their state", {{"state", std::string(state)}});
}

metrics::Gauge& queue_jobs(std::string_view status) {
    return metrics::gauge("queue_jobs_total", "Jobs by what the queue does with them",
                          {{"status", std::string(status)}});
}

}  // namespace

MeteredJobStore::MeteredJobStore(jobs::JobStore& store)
    : store_(store),
      submitted_(metrics::counter("zbrain_submitted_total", "Jobs submitted")),
      retries_(metrics::counter("zbrain_retries_total", "Failures that were retried")),
      lost_(metrics::counter("zbrain_lost_leases_total", "Leases that ended without an outcome")),
      submit_duration_(metrics::histogram("zbrain_submit_duration_seconds",
                                          "Storing of submitted jobs", metrics::duration_bounds())),
      schedule_latency_(metrics::histogram("zbrain_schedule_latency_seconds",
                                           "From eligible to running", metrics::duration_bounds())),
      duration_(metrics::histogram("zbrain_job_duration_seconds", "From submit to the end",
                                   metrics::duration_bounds())) {
    for (const auto state : {JobState::Succeeded, JobState::Failed, JobState::Canceled})
        finished(state).add(0);
}

void MeteredJobStore::know(const identity::Tenant& tenant) {
    const std::lock_guard lock(mutex_);
    if (tenants_.size() < kTenantsMax) tenants_.insert(tenant);
}

std::vector<identity::Tenant> MeteredJobStore::tenants() const {
    const std::lock_guard lock(mutex_);
    return {tenants_.begin(), tenants_.end()};
}

void MeteredJobStore::count(const jobs::Changes& changes) {
    for (const auto& change : changes.transitions) {
        const JobState to = change.job.state;
        if (jobs::is_final(to) && change.from != to) {
            finished(to).add();
            duration_.observe(seconds_between(change.job.created_at, change.at));
        }
        if (to == JobState::Retrying) retries_.add();
    }
}

async::Task<Result<std::vector<Result<jobs::Submitted>>>> MeteredJobStore::add(
    std::vector<jobs::NewJob> jobs, jobs::AddMode mode) {
    for (const auto& job : jobs)
        know(job.tenant);
    const auto begun = steady_clock::now();
    auto answers = co_await store_.add(std::move(jobs), mode);
    submit_duration_.observe(std::chrono::duration<double>(steady_clock::now() - begun).count());
    if (!answers) co_return answers;
    const auto added =
        std::ranges::count_if(*answers, [](const auto& one) { return one && !one->deduplicated; });
    submitted_.add(static_cast<double>(added));
    co_return answers;
}

async::Task<Result<std::vector<jobs::LeasedJob>>> MeteredJobStore::claim(jobs::ClaimQuery query) {
    const Timestamp now = query.now;
    auto leased = co_await store_.claim(std::move(query));
    if (!leased) co_return leased;
    for (const auto& one : *leased) {
        know(one.job.tenant);
        schedule_latency_.observe(seconds_between(one.job.eligible_at, now));
    }
    co_return leased;
}

async::Task<Result<std::vector<jobs::LeaseState>>> MeteredJobStore::extend(
    jobs::WorkerId worker, std::vector<jobs::LeaseRef> leases, Millis lease, Timestamp now) {
    return store_.extend(std::move(worker), std::move(leases), lease, now);
}

async::Task<Result<std::vector<Result<jobs::Changes>>>> MeteredJobStore::finish(
    std::vector<jobs::FinishedAttempt> attempts) {
    const auto lost = std::ranges::count_if(
        attempts, [](const auto& one) { return one.outcome.kind == jobs::Outcome::Kind::Lost; });
    auto answers = co_await store_.finish(std::move(attempts));
    if (!answers) co_return answers;
    lost_.add(static_cast<double>(lost));
    for (const auto& one : *answers) {
        if (one) count(*one);
    }
    co_return answers;
}

async::Task<Result<jobs::Changes>> MeteredJobStore::steer(identity::Tenant tenant, jobs::JobId job,
                                                          jobs::Steer steer, Timestamp now) {
    auto changes = co_await store_.steer(std::move(tenant), job, steer, now);
    if (changes) count(*changes);
    co_return changes;
}

async::Task<Result<jobs::Swept>> MeteredJobStore::sweep(jobs::SweepQuery query) {
    const auto lost = query.lost.size();
    auto swept = co_await store_.sweep(std::move(query));
    if (!swept) co_return swept;
    lost_.add(static_cast<double>(lost));
    count(swept->changes);
    co_return swept;
}

async::Task<Result<std::optional<jobs::Job>>> MeteredJobStore::find(identity::Tenant tenant,
                                                                    jobs::JobId job) {
    return store_.find(std::move(tenant), job);
}

async::Task<Result<std::vector<jobs::Job>>> MeteredJobStore::list(identity::Tenant tenant,
                                                                  jobs::JobFilter filter) {
    const bool all = filter.every_tenant;
    auto listed = co_await store_.list(std::move(tenant), std::move(filter));
    if (!listed || !all) co_return listed;
    for (const auto& job : *listed)
        know(job.tenant);
    co_return listed;
}

MeteredJobLog::MeteredJobLog(jobs::JobLog& log)
    : log_(log),
      bytes_(metrics::counter("zbrain_log_bytes_total", "Bytes of log lines that were stored")) {}

async::Task<Result<jobs::LogAppended>> MeteredJobLog::append(jobs::LeaseRef lease,
                                                             std::vector<jobs::LogLine> lines) {
    std::size_t bytes = 0;
    for (const auto& line : lines)
        bytes += line.bytes.size() + 1;
    auto appended = co_await log_.append(lease, std::move(lines));
    if (appended) bytes_.add(static_cast<double>(bytes));
    co_return appended;
}

async::Task<Result<std::vector<jobs::LogEntry>>> MeteredJobLog::read(identity::Tenant tenant,
                                                                     jobs::JobId job,
                                                                     jobs::LogQuery query) {
    return log_.read(std::move(tenant), job, query);
}

void show_job_counts(const jobs::JobCounts& counts, Timestamp now) {
    const auto number = [](std::uint64_t count) { return static_cast<double>(count); };
    jobs_in("pending").set(number(counts.pending));
    jobs_in("running").set(number(counts.running));
    jobs_in("retrying").set(number(counts.retrying));
    jobs_in("succeeded").set(number(counts.succeeded));
    jobs_in("failed").set(number(counts.failed));
    jobs_in("canceled").set(number(counts.canceled));
    queue_jobs("pending").set(number(counts.pending + counts.retrying));
    queue_jobs("processing").set(number(counts.running));
    queue_jobs("completed").set(number(counts.succeeded));
    queue_jobs("failed").set(number(counts.failed));
    metrics::gauge("zbrain_oldest_pending_seconds", "Age of the oldest job that could run")
        .set(counts.oldest_pending ? seconds_between(*counts.oldest_pending, now) : 0);
}

void show_slots(std::size_t busy, std::size_t all) {
    const auto slots = [](const char* state) -> metrics::Gauge& {
        return metrics::gauge("zworker_slots", "Slots of this process's workers",
                              {{"state", state}});
    };
    slots("busy").set(static_cast<double>(busy));
    slots("free").set(static_cast<double>(all > busy ? all - busy : 0));
}

}  // namespace zs::server
