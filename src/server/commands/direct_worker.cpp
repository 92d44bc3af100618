#include "server/commands/direct_worker.hpp"

#include "adapters/relational/blob_folders.hpp"
#include "adapters/relational/blob_ledger.hpp"
#include "adapters/relational/file_catalog.hpp"
#include "adapters/relational/identity_stores.hpp"
#include "async/run_blocking.hpp"
#include "base/log.hpp"
#include "core/events/memory_event_bus.hpp"
#include "server/blob_stores.hpp"
#include "server/config_load.hpp"
#include "server/drain.hpp"
#include "server/job_system.hpp"
#include "server/schema.hpp"
#include "server/settings.hpp"

#include <algorithm>
#include <ostream>

namespace zs::server {
namespace {

constexpr std::size_t kLoops = 2;
constexpr std::size_t kQueueMax = 4096;
// Beyond one for each attempt: claims, heartbeats, sweeps.
constexpr std::size_t kConnectionsMore = 3;

std::size_t connections(const Config& config) {
    return std::min(config.storage.connections_max, config.worker.slots + kConnectionsMore);
}

// What a worker consists of, in the order of dependency.
struct DirectWorkerParts {
    explicit DirectWorkerParts(const Config& settings)
        : config(settings),
          database_pool("database", {.threads = connections(config), .queue_max = kQueueMax}),
          files_pool("files", {.threads = config.files.threads, .queue_max = kQueueMax}) {
        io.start();
    }

    Result<void> open_blocking();
    Result<void> check_folder_blocking();
    void connect(std::string worker_id);

    const Config config;
    const Extensions extensions;  // none: programs only
    const SystemClock clock;
    async::IoRuntime io{kLoops};
    async::BlockingPool database_pool;
    async::BlockingPool files_pool;
    std::unique_ptr<relational::Database> database;
    std::unique_ptr<BlobStores> blobs;
    // On the database; in an order of their own, because they need it.
    std::unique_ptr<relational::SqlFileCatalog> catalog;
    std::unique_ptr<relational::SqlBlobLedger> ledger;
    std::unique_ptr<relational::SqlAuditStore> audit_store;
    std::unique_ptr<identity::AuditLog> audit;
    files::FileMetrics metrics;
    std::unique_ptr<files::FileService> files;
    std::unique_ptr<events::MemoryEventBus> bus;
    std::unique_ptr<JobSystem> jobs;
};

// What is written to a folder that no server reads would be lost without anybody noticing.
Result<void> DirectWorkerParts::check_folder_blocking() {
    const auto folder = artifact_folder(config);
    const auto refused = [&](const std::string& why) {
        return invalid_argument(
            why + ": artifacts would not be found. Set queue.artifacts (ZBRAIN_ARTIFACTS) to one"
                  " folder for all servers and workers, or --data to the directory of a server on"
                  " this machine; without a common folder use --server, which sends artifacts"
                  " over HTTP");
    };
    const auto name = known_name_blocking(folder);
    if (!name) return refused(name.error().message);
    relational::SqlBlobFolders folders(*database);
    const auto known = async::run_blocking(io.executor(), folders.knows(*name));
    if (!known) return known.error();
    if (*known) return {};
    return refused("the folder of artifacts " + folder.string() + " belongs to another database");
}

Result<void> DirectWorkerParts::open_blocking() {
    auto settings = database_settings(config);
    settings.connections_max = connections(config);
    settings.connections_min = std::min(settings.connections_min, settings.connections_max);
    auto opened = relational::open_database(settings, database_pool);
    if (!opened) return std::move(opened).error();
    database = std::move(*opened);
    auto schema = prepare_schema_blocking(io.executor(), *database, clock, SchemaPolicy::OnlyCheck);
    if (!schema) return schema;
    auto shared = check_folder_blocking();
    if (!shared) return shared;
    auto stores = BlobStores::open_blocking(config, files_pool);
    if (!stores) return std::move(stores).error();
    blobs = std::move(*stores);
    return {};
}

void DirectWorkerParts::connect(std::string worker_id) {
    catalog = std::make_unique<relational::SqlFileCatalog>(*database);
    ledger = std::make_unique<relational::SqlBlobLedger>(*database);
    audit_store = std::make_unique<relational::SqlAuditStore>(*database, clock);
    audit = std::make_unique<identity::AuditLog>(*audit_store);
    files = std::make_unique<files::FileService>(blobs->for_files(), *catalog, *ledger, *audit,
                                                 clock, metrics, file_limits(config));
    bus = std::make_unique<events::MemoryEventBus>(clock);
    JobGround ground{.config = config,
                     .extensions = extensions,
                     .database = *database,
                     .events = *bus,
                     .files = *files,
                     .blobs = blobs->for_artifacts(),
                     .ledger = *ledger,
                     .io = io,
                     .files_pool = files_pool,
                     .clock = clock,
                     .role = JobRole::Worker,
                     .worker_id = std::move(worker_id)};
    jobs = std::make_unique<JobSystem>(ground);
}

}  // namespace

Result<void> run_direct_worker(const Config& config, std::string worker_id, cli::Console& console) {
    DirectWorkerParts parts(config);
    auto opened = parts.open_blocking();
    if (!opened) return opened;
    parts.connect(worker_id);
    auto started = parts.jobs->start_blocking();
    if (started) {
        console.out << "zserver worker " << worker_id << " runs up to " << config.worker.slots
                    << " jobs of PostgreSQL "
                    << without_password(config.storage.postgres_url->reveal()) << std::endl;
        parts.io.wait_for_signal_blocking();
        log::info("stopping", {{"grace_secs", config.server.shutdown_grace.count()}});
    }
    JobSystem& jobs = *parts.jobs;
    drain_blocking(
        parts.io, [&jobs] { jobs.drain_blocking(); }, [&jobs] { jobs.hurry(); });
    parts.jobs->stop_blocking();
    return started;
}

}  // namespace zs::server
