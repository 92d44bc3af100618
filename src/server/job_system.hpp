#pragma once

#include "adapters/process/process_worker.hpp"
#include "adapters/relational/database.hpp"
#include "adapters/relational/jobs/artifact_index.hpp"
#include "adapters/relational/jobs/backfill_store.hpp"
#include "adapters/relational/jobs/job_log.hpp"
#include "adapters/relational/jobs/job_store.hpp"
#include "adapters/relational/jobs/queue_store.hpp"
#include "adapters/relational/jobs/schedule_store.hpp"
#include "adapters/relational/jobs/template_store.hpp"
#include "adapters/relational/jobs/worker_store.hpp"
#include "adapters/timezone/tz_database.hpp"
#include "async/io_runtime.hpp"
#include "core/events/event_bus.hpp"
#include "core/files/file_service.hpp"
#include "core/jobs/backfiller.hpp"
#include "core/jobs/handler_worker.hpp"
#include "core/jobs/job_intake.hpp"
#include "core/jobs/job_queue.hpp"
#include "core/jobs/scheduler.hpp"
#include "core/jobs/template_service.hpp"
#include "core/jobs/worker_pool.hpp"
#include "server/config.hpp"
#include "server/extensions.hpp"
#include "server/job_metrics.hpp"
#include "server/job_quotas.hpp"

#include <memory>
#include <vector>

namespace zs::server {

// Whether a process serves the API, or only runs jobs beside servers that do.
enum class JobRole : std::uint8_t { Server, Worker };

// What the job system stands on.
struct JobGround {
    const Config& config;
    const Extensions& extensions;
    relational::Database& database;
    events::EventBus& events;
    files::FileService& files;
    files::BlobStore& blobs;
    files::BlobLedger& ledger;
    async::IoRuntime& io;
    async::BlockingPool& files_pool;
    const Clock& clock;
    JobRole role = JobRole::Server;
    std::string worker_id = {};  // empty: made of host and data directory
};

// Files that jobs ask for, as far as their tenant has them.
class TenantFiles final : public process::InputFiles {
public:
    explicit TenantFiles(files::FileService& files) : files_(files) {}
    async::Task<Result<std::unique_ptr<files::BlobReader>>> open(identity::Tenant tenant,
                                                                 files::Digest blob) override;

private:
    files::FileService& files_;
};

// The job system, wired: stores, queue, schedules, and the workers of this process.
// Lifetime:  the ground outlives it; stop_blocking() before destroying it.
// Threading: start and stop from one thread, which is not an io thread.
class JobSystem {
public:
    explicit JobSystem(JobGround ground);
    ~JobSystem();

    // Reads what is not final, opens the workers' folder, attaches to attempts that outlived a
    // restart, then takes work. Errors: what stood in the way, for the operator.
    Result<void> start_blocking();
    // No new leases; running attempts get the configured grace, then are stopped and given back.
    // Requests about jobs are still served. Answers when no attempt runs here any more.
    void drain_blocking();
    // From any thread: drain_blocking() stops them at once.
    void hurry();
    void stop_blocking();

    jobs::JobQueue& queue() { return queue_; }
    jobs::JobIntake& intake() { return intake_; }
    jobs::TemplateService& templates() { return templates_; }
    jobs::Scheduler& scheduler() { return scheduler_; }
    jobs::Backfiller& backfiller() { return backfiller_; }
    // Keeps the gauges of metrics up to date, for ever.
    async::Task<> show_metrics();
    JobQuotas& quotas() { return quotas_; }

private:
    Result<void> start_workers_blocking();
    Result<void> start_programs_blocking();
    Result<void> start_handlers_blocking();
    Result<void> start_pool_blocking(jobs::Worker& worker, jobs::WorkerPoolConfig config);

    const JobGround ground_;
    const jobs::SteadyClock monotonic_;
    relational::SqlJobStore sql_store_;
    relational::SqlJobLog sql_log_;
    relational::SqlArtifactIndex artifacts_;
    relational::SqlQueueStore queues_;
    relational::SqlScheduleStore schedule_store_;
    relational::SqlBackfillStore backfill_store_;
    relational::SqlTemplateStore template_store_;
    MeteredJobStore store_;
    MeteredJobLog log_;
    relational::SqlWorkerStore worker_store_;
    std::unique_ptr<jobs::QueueBell> bell_;
    JobQuotas quotas_;
    jobs::JobQueue queue_;
    jobs::JobIntake intake_;
    jobs::TemplateService templates_;
    timezone::TzDatabase zones_;
    jobs::Scheduler scheduler_;
    jobs::Backfiller backfiller_;
    TenantFiles inputs_;
    std::unique_ptr<process::ProcessWorker> programs_;
    std::unique_ptr<jobs::HandlerWorker> handlers_;
    std::vector<std::unique_ptr<jobs::WorkerPool>> pools_;
    std::size_t slots_ = 0;
    bool queue_runs_ = false;
};

}  // namespace zs::server
