#include "server/job_system.hpp"

#include "adapters/relational/jobs/queue_bell.hpp"
#include "async/run_blocking.hpp"
#include "async/sleep.hpp"
#include "base/log.hpp"
#include "server/job_settings.hpp"
#include "server/settings.hpp"

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

// Between the processes on one PostgreSQL; nobody else shares the embedded store.
std::unique_ptr<jobs::QueueBell> make_bell(const Config& config) {
    auto channel = relational::open_channel(database_settings(config), relational::kQueueChannel);
    if (!channel) return nullptr;
    return std::make_unique<relational::ChannelQueueBell>(std::move(channel));
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
      backfill_store_(ground.database),
      template_store_(ground.database),
      store_(sql_store_),
      log_(sql_log_),
      worker_store_(ground.database),
      bell_(make_bell(ground.config)),
      quotas_(ground.config, ground.database, ground.files_pool),
      queue_({.jobs = store_,
              .queues = queues_,
              .logs = log_,
              .artifacts = artifacts_,
              .events = ground.events,
              .clock = ground.clock,
              .monotonic = monotonic_,
              .admit = [this](const auto& tenant) { return quotas_.admit(tenant); },
              .bell = bell_.get(),
              .worker_store = &worker_store_},
             queue_settings(ground.config), ground.io.next_executor()),
      intake_(queue_, template_store_, ground.clock),
      templates_(template_store_, ground.clock),
      scheduler_(schedule_store_, intake_, queue_, zones_, ground.clock, ground.io.next_executor()),
      backfiller_({.backfills = backfill_store_,
                   .schedules = schedule_store_,
                   .intake = intake_,
                   .queue = queue_,
                   .zones = zones_,
                   .clock = ground.clock},
                  ground.io.next_executor()),
      inputs_(ground.files) {}

JobSystem::~JobSystem() = default;

Result<void> JobSystem::start_blocking() {
    auto zones = timezone::TzDatabase::check_blocking();
    if (!zones) log::warn("schedules know UTC only", {{"reason", zones.error().message}});
    auto started = async::run_blocking(ground_.io.executor(), queue_.start());
    if (!started) return started;
    async::run_blocking(ground_.io.executor(), quotas_.measure());
    queue_runs_ = true;
    queue_.run_time();
    auto workers = start_workers_blocking();
    if (!workers) return workers;
    if (ground_.role == JobRole::Server) {
        scheduler_.run();
        backfiller_.run();
    }
    return {};
}

Result<void> JobSystem::start_workers_blocking() {
    const Config& config = ground_.config;
    if (config.worker.mode != WorkerMode::Custom && config.worker.slots > 0) {
        auto programs = start_programs_blocking();
        if (!programs) return programs;
    }
    if (ground_.extensions.handlers.empty()) return {};
    return start_handlers_blocking();
}

Result<void> JobSystem::start_programs_blocking() {
    const Config& config = ground_.config;
    auto opened =
        process::ProcessWorker::open_blocking(worker_settings(config), {.pool = ground_.files_pool,
                                                                        .blobs = ground_.blobs,
                                                                        .ledger = ground_.ledger,
                                                                        .inputs = inputs_,
                                                                        .clock = ground_.clock});
    if (!opened) return std::move(opened).error();
    programs_ = std::move(*opened);
    auto settings = worker_pool_settings(config);
    if (!ground_.worker_id.empty()) settings.id = ground_.worker_id;
    if (ground_.role == JobRole::Worker) settings.mode = "direct";
    auto started = start_pool_blocking(*programs_, std::move(settings));
    if (!started) return started;
    const auto ended = async::run_blocking(ground_.io.executor(), programs_->end_unclaimed());
    if (!ended) return ended.error();
    if (*ended > 0) log::info("ended attempts that nobody waits for", {{"count", *ended}});
    return {};
}

Result<void> JobSystem::start_handlers_blocking() {
    const Config& config = ground_.config;
    const jobs::HandlerPorts ports{ground_.blobs, ground_.ledger, ground_.clock};
    const jobs::HandlerLimits limits{.artifact_files_max = config.jobs.artifact_files_max,
                                     .artifact_bytes_max = config.jobs.artifact_bytes_max};
    handlers_ = std::make_unique<jobs::HandlerWorker>(ground_.extensions.handlers, ports, limits);
    // Slots of their own: a long program never keeps a handler waiting, nor the other way round.
    auto settings = worker_pool_settings(config);
    settings.id += "/handlers";
    settings.mode = "handlers";
    settings.slots = ground_.extensions.handler_slots;
    return start_pool_blocking(*handlers_, std::move(settings));
}

Result<void> JobSystem::start_pool_blocking(jobs::Worker& worker, jobs::WorkerPoolConfig config) {
    slots_ += config.slots;
    pools_.push_back(std::make_unique<jobs::WorkerPool>(queue_, worker, std::move(config),
                                                        ground_.io.next_executor()));
    return async::run_blocking(ground_.io.executor(), pools_.back()->start());
}

void JobSystem::drain_blocking() {
    for (const auto& pool : pools_)
        pool->drain();
    for (const auto& pool : pools_)
        pool->join_blocking();
}

void JobSystem::hurry() {
    for (const auto& pool : pools_)
        pool->hurry();
}

void JobSystem::stop_blocking() {
    if (!queue_runs_) return;
    queue_runs_ = false;
    queue_.drain();
    scheduler_.stop();
    backfiller_.stop();
    scheduler_.join_blocking();
    backfiller_.join_blocking();
    queue_.stop();
    queue_.join_blocking();
    async::run_blocking(ground_.io.executor(), queue_.leave());
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
        std::size_t busy = 0;
        for (const auto& pool : pools_)
            busy += pool->busy();
        if (slots_ > 0) show_slots(busy, slots_);
        co_await async::sleep_for(kMetricsEvery);
    }
}

}  // namespace zs::server
