#include "server/job_system.hpp"

#include "async/run_blocking.hpp"
#include "async/sleep.hpp"
#include "base/log.hpp"
#include "server/job_settings.hpp"

#include <algorithm>

namespace zs::server {
namespace {

constexpr std::chrono::seconds kMetricsEvery{5};

void add(jobs::JobCounts& sum, const jobs::JobCounts& one) {
    sum.pending += one.pending;
    sum.running += one.running;
    sum.retrying += one.retrying;
    sum.succeeded += one.succeeded;
    sum.failed += one.failed;
    sum.canceled += one.canceled;
    if (!one.oldest_pending) return;
    sum.oldest_pending =
        std::min(sum.oldest_pending.value_or(*one.oldest_pending), *one.oldest_pending);
}

}  // namespace

async::Task<Result<std::unique_ptr<files::BlobReader>>> TenantFiles::open(identity::Tenant tenant,
                                                                          files::Digest blob) {
    auto file = co_await files_.find(std::move(tenant), blob);
    if (!file) co_return std::move(file).error();
    co_return co_await files_.open(std::move(*file), files::BlobRange());
}

JobSystem::JobSystem(JobGround ground)
    : ground_(ground),
      sql_store_(ground.database),
      sql_log_(ground.database, job_log_limits(ground.config)),
      artifacts_(ground.database),
      queues_(ground.database),
      schedule_store_(ground.database),
      template_store_(ground.database),
      store_(sql_store_),
      log_(sql_log_),
      queue_({.jobs = store_,
              .queues = queues_,
              .logs = log_,
              .artifacts = artifacts_,
              .events = ground.events,
              .clock = ground.clock,
              .monotonic = monotonic_},
             queue_settings(ground.config), ground.io.next_executor()),
      intake_(queue_, template_store_, ground.clock),
      templates_(template_store_, ground.clock),
      scheduler_(schedule_store_, intake_, queue_, zones_, ground.clock, ground.io.next_executor()),
      inputs_(ground.files) {}

JobSystem::~JobSystem() = default;

Result<void> JobSystem::start_blocking() {
    auto zones = timezone::TzDatabase::check_blocking();
    if (!zones) log::warn("schedules know UTC only", {{"reason", zones.error().message}});
    auto started = async::run_blocking(ground_.io.executor(), queue_.start());
    if (!started) return started;
    queue_runs_ = true;
    queue_.run_time();
    auto workers = start_workers_blocking();
    if (!workers) return workers;
    scheduler_.run();
    return {};
}

Result<void> JobSystem::start_workers_blocking() {
    const Config& config = ground_.config;
    if (config.worker.mode == WorkerMode::Custom || config.worker.slots == 0) return {};
    auto opened =
        process::ProcessWorker::open_blocking(worker_settings(config), {.pool = ground_.files_pool,
                                                                        .blobs = ground_.blobs,
                                                                        .ledger = ground_.ledger,
                                                                        .inputs = inputs_,
                                                                        .clock = ground_.clock});
    if (!opened) return std::move(opened).error();
    worker_ = std::move(*opened);
    pool_ = std::make_unique<jobs::WorkerPool>(queue_, *worker_, worker_pool_settings(config),
                                               ground_.io.next_executor());
    auto executor = ground_.io.executor();
    auto started = async::run_blocking(executor, pool_->start());
    if (!started) return started;
    const auto ended = async::run_blocking(executor, worker_->end_unclaimed());
    if (!ended) return ended.error();
    if (*ended > 0) log::info("ended attempts that nobody waits for", {{"count", *ended}});
    return {};
}

void JobSystem::drain_blocking() {
    if (!pool_) return;
    pool_->drain();
    pool_->join_blocking();
}

void JobSystem::hurry() {
    if (pool_) pool_->hurry();
}

void JobSystem::stop_blocking() {
    if (!queue_runs_) return;
    queue_runs_ = false;
    queue_.drain();
    scheduler_.stop();
    scheduler_.join_blocking();
    queue_.stop();
    queue_.join_blocking();
}

async::Task<> JobSystem::show_metrics() {
    while (true) {
        jobs::JobCounts sum;
        const Timestamp now = ground_.clock.now();
        for (const auto& tenant : store_.tenants()) {
            const auto counts = co_await queues_.counts(tenant, now);
            if (counts) add(sum, *counts);
        }
        show_job_counts(sum, now);
        if (pool_) show_slots(pool_->busy(), ground_.config.worker.slots);
        co_await async::sleep_for(kMetricsEvery);
    }
}

}  // namespace zs::server
