#include "server/application.hpp"

#include "adapters/crypto/hmac_token_signer.hpp"
#include "adapters/crypto/icu_text_normalizer.hpp"
#include "adapters/crypto/sodium_password_hasher.hpp"
#include "adapters/http/server.hpp"
#include "adapters/relational/blob_folders.hpp"
#include "adapters/relational/blob_ledger.hpp"
#include "adapters/relational/file_catalog.hpp"
#include "adapters/relational/idempotency_store.hpp"
#include "adapters/relational/identity_stores.hpp"
#include "adapters/sqlite_data/sqlite_change_journal.hpp"
#include "adapters/sqlite_data/sqlite_collections.hpp"
#include "adapters/sqlite_data/sqlite_sql_engine.hpp"
#include "adapters/sqlite_data/text_indexes.hpp"
#include "adapters/sqlite_data/vector_definitions.hpp"
#include "adapters/usearch/usearch_vector_indexes.hpp"
#include "async/run_blocking.hpp"
#include "async/sleep.hpp"
#include "async/task_group.hpp"
#include "base/log.hpp"
#include "core/data/change_events.hpp"
#include "server/api.hpp"
#include "server/blob_stores.hpp"
#include "server/creator_rights.hpp"
#include "server/credentials.hpp"
#include "server/drain.hpp"
#include "server/event_delivery.hpp"
#include "server/event_sources.hpp"
#include "server/health_monitor.hpp"
#include "server/ingest_events.hpp"
#include "server/job_system.hpp"
#include "server/schema.hpp"
#include "server/settings.hpp"
#include "server/version.hpp"

#include <cstdlib>
#include <utility>

namespace zs::server {
namespace {

constexpr std::size_t kDatabaseQueueMax = 4096;
constexpr std::size_t kSqlQueueMax = 4096;
constexpr std::size_t kFilesQueueMax = 4096;
constexpr std::chrono::minutes kIdempotencySweep{10};

std::size_t database_threads(const Config& config) {
    return config.storage.backend == Backend::Postgres ? config.storage.connections_max
                                                       : config.storage.reader_threads;
}

identity::TokenRules token_rules(const identity::IdentityConfig& config) {
    return {.issuer = config.issuer, .audience = config.audience, .skew = Seconds(60)};
}

http::OperationsConfig operations_settings(const Config& config) {
    return {.service_name = config.monitoring.service_name,
            .version = std::string(kVersion),
            .commit = std::string(kCommit),
            .health_enabled = config.monitoring.health_enabled,
            .metrics_enabled = config.monitoring.metrics_enabled,
            .metrics_token = config.monitoring.metrics_token};
}

async::Task<> sweep_idempotency(idempotency::IdempotencyService& service) {
    while (true) {
        co_await async::sleep_for(kIdempotencySweep);
        const auto swept = co_await service.sweep();
        if (!swept) log::warn("idempotency keys not swept", {{"reason", swept.error().message}});
    }
}

// A listener beside the main one, with a part of the routes.
struct SideListener {
    SideListener(async::IoRuntime& io, http::CredentialCheck& credentials,
                 http::ServerConfig config)
        : server(io, router, credentials, std::move(config)) {}
    http::Router router;
    http::Server server;
};

// What must stand before anything else can be built, and outlive it.
struct Ground {
    Ground(const Config& settings, DataDirectory directory, Extensions added)
        : config(settings),
          extensions(std::move(added)),
          data_directory(std::move(directory)),
          io(config.server.http_threads),
          database_pool("database",
                        {.threads = database_threads(config), .queue_max = kDatabaseQueueMax}),
          files_pool("files", {.threads = config.files.threads, .queue_max = kFilesQueueMax}) {
        io.start();
    }

    const Config config;
    const Extensions extensions;
    const DataDirectory data_directory;
    const SystemClock clock;
    async::IoRuntime io;
    async::BlockingPool database_pool;
    async::BlockingPool files_pool;
    std::unique_ptr<relational::Database> database;
    std::unique_ptr<BlobStores> blobs;
};

JobGround job_ground(Ground& ground, events::EventBus& events, files::FileService& files,
                     files::BlobLedger& ledger) {
    return {.config = ground.config,
            .extensions = ground.extensions,
            .database = *ground.database,
            .events = events,
            .files = files,
            .blobs = ground.blobs->for_artifacts(),
            .ledger = ledger,
            .io = ground.io,
            .files_pool = ground.files_pool,
            .clock = ground.clock};
}

// For workers on the same PostgreSQL: artifacts that lie here are found by those who ask.
Result<void> announce_artifacts_blocking(Ground& ground) {
    if (ground.config.storage.backend != Backend::Postgres) return {};
    auto name = name_of_folder_blocking(artifact_folder(ground.config));
    if (!name) return std::move(name).error();
    relational::SqlBlobFolders folders(*ground.database);
    return async::run_blocking(ground.io.executor(),
                               folders.announce(std::move(*name), ground.clock.now()));
}

JobServices job_services(JobSystem& jobs, Ground& ground, files::BlobLedger& ledger) {
    return {.queue = jobs.queue(),
            .intake = jobs.intake(),
            .templates = jobs.templates(),
            .scheduler = jobs.scheduler(),
            .backfiller = jobs.backfiller(),
            .blobs = ground.blobs->for_artifacts(),
            .ledger = ledger,
            .workers = worker_route_options(ground.config)};
}

}  // namespace

struct Application::Parts {
    Parts(std::unique_ptr<Ground> g, crypto::HmacTokenSigner token_signer);

    void connect();
    Result<void> start_blocking();
    Result<void> listen();
    Result<void> listen_for_metrics();
    void drain_jobs_blocking();
    void stop_blocking();

    std::unique_ptr<Ground> ground;
    async::BlockingPool sql_pool;

    crypto::HmacTokenSigner signer;
    crypto::SodiumPasswordHasher hasher;
    crypto::IcuTextNormalizer normalizer;
    relational::IdentityStores identity_stores;
    relational::SqlIdempotencyStore idempotency_store;
    relational::SqlFileCatalog file_catalog;
    relational::SqlBlobLedger blob_ledger;

    events::MemoryEventBus event_bus;
    identity::Identity identity;
    idempotency::IdempotencyService idempotency;
    sqlite_data::SqliteSqlEngine engine;
    data::SqlService sql;
    data::TransactionService transactions;
    sqlite_data::SqliteCollections collection_tables;
    WatchedCollections collection_store;
    std::shared_ptr<data::ChangeEvents> change_events;
    data::CollectionService collections;
    data::IngestService ingest;
    sqlite_data::SqliteVectorDefinitions vector_definitions;
    sqlite_data::SqliteChangeJournal change_journal;
    usearch::UsearchVectorIndexes vector_indexes;
    data::VectorService vectors;
    sqlite_data::SqliteTextIndexes text_indexes;
    data::SearchService search;
    files::FileMetrics file_metrics;
    files::FileService files;
    files::FileUpkeep file_upkeep;
    JobSystem jobs;
    HealthMonitor health;
    EventDelivery delivery;

    Credentials credentials;
    async::TaskGroup background;
    Api api;
    http::Router router;
    http::Server server;
    std::unique_ptr<SideListener> metrics_listener;
    std::unique_ptr<SideListener> health_listener;
};

Application::Parts::Parts(std::unique_ptr<Ground> g, crypto::HmacTokenSigner token_signer)
    : ground(std::move(g)),
      sql_pool("sql", {.threads = ground->config.sql.threads, .queue_max = kSqlQueueMax}),
      signer(std::move(token_signer)),
      hasher({.threads = ground->config.auth.hash_threads,
              .queue_max = ground->config.auth.hash_queue_max},
             {.memory_kib = ground->config.auth.argon2_memory_kib,
              .passes = ground->config.auth.argon2_passes}),
      identity_stores(*ground->database, ground->clock),
      idempotency_store(*ground->database),
      file_catalog(*ground->database),
      blob_ledger(*ground->database),
      event_bus(ground->clock, event_retention(ground->config)),
      identity(identity_stores.ports(hasher, normalizer, signer, ground->clock),
               identity_settings(ground->config)),
      idempotency(idempotency_store, ground->clock),
      engine(engine_settings(ground->config), sql_pool),
      sql(engine, sql_limits(ground->config)),
      transactions(engine, sql, ground->clock, transaction_limits(ground->config)),
      collection_tables(engine, ground->clock, ground->io.executor()),
      collection_store(collection_tables, event_bus),
      change_events(publish_changes(engine, event_bus, ground->clock, collection_store,
                                    ground->config.websocket.resume_for)),
      collections(collection_store, collection_tables, ground->clock, ingest_limits(ground->config),
                  identity.audit),
      ingest(collection_store, collection_tables, ingest_limits(ground->config),
             ground->io.executor()),
      vector_definitions(engine, sql_pool),
      change_journal(engine, sql_pool),
      vector_indexes(engine, engine, vector_definitions, vector_settings(ground->config),
                     &change_journal),
      vectors(vector_indexes, engine, ground->config.vectors.dimensions_max),
      text_indexes(engine, sql_pool, ground->io.executor()),
      search(text_indexes, vectors, engine),
      files(ground->blobs->for_files(), file_catalog, blob_ledger, identity.audit, ground->clock,
            file_metrics, file_limits(ground->config)),
      file_upkeep(ground->blobs->for_files(), blob_ledger, ground->clock, file_metrics,
                  file_limits(ground->config)),
      jobs(job_ground(*ground, event_bus, files, blob_ledger)),
      health(*ground->database, ground->config.server.data,
             {&ground->database_pool, &sql_pool, &ground->files_pool}),
      delivery(ground->config, {event_bus, ground->io, ground->clock, identity, sql,
                                collection_store, jobs.queue()}),
      credentials(identity.authenticator),
      background(ground->io.executor(), "background"),
      api({.identity = identity,
           .sql = sql,
           .transactions = transactions,
           .collections = collections,
           .ingest = ingest,
           .vectors = vectors,
           .vector_pool = vector_indexes.pool(),
           .search = search,
           .idempotency = idempotency,
           .health = health,
           .io = ground->io,
           .clock = ground->clock,
           .files = files,
           .file_upkeep = file_upkeep,
           .file_options = file_route_options(ground->config),
           .jobs = job_services(jobs, *ground, blob_ledger),
           .fanout = delivery.fanout,
           .event_options = delivery.stream_options,
           .sockets = delivery.sockets,
           .ws_options = delivery.socket_options},
          operations_settings(ground->config)),
      server(ground->io, router, credentials,
             http_settings(ground->config, ground->config.server.addr)) {
    connect();
}

void Application::Parts::connect() {
    engine.use_vector_indexes(&vector_indexes);
    api.register_routes(router);
    publish_permission_changes(identity.permissions, event_bus);
    publish_ingests(ingest, event_bus);
    const auto rights = creator_rights(identity_stores.users, identity_stores.permissions);
    jobs.scheduler().ask_rights(rights);
    jobs.backfiller().ask_rights(rights);
    identity.cache.on_session_ended(
        [this](identity::SessionId id) { background.spawn(transactions.end_session(id.uuid())); });
}

Result<void> Application::Parts::start_blocking() {
    const auto executor = ground->io.executor();
    auto identities = async::run_blocking(executor, identity.start());
    if (!identities) return identities;
    const auto users = ground->config.storage.backend == Backend::Postgres
                           ? idempotency::StoreUsers::ManyProcesses
                           : idempotency::StoreUsers::ThisProcessAlone;
    auto recovered = async::run_blocking(executor, idempotency.recover(users));
    if (!recovered) return std::move(recovered).error();
    auto collected = async::run_blocking(executor, file_upkeep.recover());
    if (!collected) return std::move(collected).error();
    auto working = jobs.start_blocking();
    if (!working) return working;
    background.spawn(jobs.show_metrics());
    background.spawn(jobs.quotas().run());
    background.spawn(identity.watcher.run());
    background.spawn(transactions.run());
    background.spawn(vector_indexes.warm());
    background.spawn(vector_indexes.run_sweeps());
    background.spawn(file_upkeep.run());
    background.spawn(health.run());
    background.spawn(sweep_idempotency(idempotency));
    return {};
}

Result<void> Application::Parts::listen_for_metrics() {
    const MonitoringSection& monitoring = ground->config.monitoring;
    if (!monitoring.metrics_enabled || monitoring.metrics_addr == ground->config.server.addr)
        return {};
    metrics_listener = std::make_unique<SideListener>(
        ground->io, credentials, http_settings(ground->config, monitoring.metrics_addr));
    api.operations().register_metrics(metrics_listener->router);
    auto listening = metrics_listener->server.listen();
    if (listening) return {};
    metrics_listener.reset();
    if (!monitoring.metrics_addr_is_default) return listening;
    log::warn("metrics are served on the main address only",
              {{"reason", listening.error().message}});
    return {};
}

Result<void> Application::Parts::listen() {
    auto listening = listen_for_metrics();
    if (!listening) return listening;
    const MonitoringSection& monitoring = ground->config.monitoring;
    if (monitoring.health_enabled && monitoring.health_addr) {
        health_listener = std::make_unique<SideListener>(
            ground->io, credentials, http_settings(ground->config, *monitoring.health_addr));
        api.operations().register_probes(health_listener->router);
        auto probes = health_listener->server.listen();
        if (!probes) return probes;
    }
    return server.listen();
}

// Workers of this process finish what they run, while requests about jobs are still answered. A
// second signal does not wait for them.
void Application::Parts::drain_jobs_blocking() {
    drain_blocking(
        ground->io, [this] { jobs.drain_blocking(); }, [this] { jobs.hurry(); });
}

void Application::Parts::stop_blocking() {
    health.stopping();
    drain_jobs_blocking();
    api.end_waits();
    // Sockets and event streams hear of it, and are not waited for as requests are.
    delivery.announce_stop(ground->config.server.shutdown_grace);
    server.stop_accepting();
    bool quiet = server.drain_blocking(ground->config.server.shutdown_grace);
    for (auto* side : {metrics_listener.get(), health_listener.get()}) {
        if (side == nullptr) continue;
        side->server.stop_accepting();
        quiet = side->server.drain_blocking(std::chrono::seconds(1)) && quiet;
    }
    if (!quiet) {
        // Handlers still run: ending at once loses nothing durable, taking things down would crash.
        log::flush();
        std::_Exit(1);
    }
    delivery.stop_blocking();
    jobs.stop_blocking();
    async::run_blocking(ground->io.executor(), transactions.close());
    change_events->close();
    vector_indexes.stop();
    background.cancel();
    background.join_blocking();
}

Application::Application(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Application::~Application() = default;

Result<std::unique_ptr<Application>> Application::start_blocking(const Config& config,
                                                                 DataDirectory data,
                                                                 Extensions extensions) {
    const auto secrets = crypto::load_token_secrets_blocking(
        data.path(), secret_settings(config),
        config.dev ? crypto::DevTokens::Accepted : crypto::DevTokens::Refused);
    if (!secrets) return secrets.error();
    auto signer = crypto::HmacTokenSigner::make(*secrets, token_rules(identity_settings(config)));
    if (!signer) return std::move(signer).error();

    auto ground = std::make_unique<Ground>(config, std::move(data), std::move(extensions));
    auto database = relational::open_database(database_settings(config), ground->database_pool);
    if (!database) return std::move(database).error();
    ground->database = std::move(*database);
    auto blobs = BlobStores::open_blocking(config, ground->files_pool);
    if (!blobs) return std::move(blobs).error();
    ground->blobs = std::move(*blobs);
    const auto policy =
        config.storage.auto_migrate ? SchemaPolicy::Migrate : SchemaPolicy::OnlyCheck;
    auto schema =
        prepare_schema_blocking(ground->io.executor(), *ground->database, ground->clock, policy);
    if (!schema) return std::move(schema).error();
    auto announced = announce_artifacts_blocking(*ground);
    if (!announced) return std::move(announced).error();

    std::unique_ptr<Application> application(
        new Application(std::make_unique<Parts>(std::move(ground), std::move(*signer))));
    auto started = application->parts_->start_blocking();
    if (started) return application;
    application->stop_blocking();
    return std::move(started).error();
}

Result<void> Application::listen() {
    return parts_->listen();
}

std::string Application::url() const {
    Endpoint endpoint = parts_->ground->config.server.addr;
    endpoint.port = parts_->server.port();
    return "http://" + endpoint.to_string();
}

std::string Application::dev_token() const {
    return parts_->identity.authenticator.mint_dev_token("live");
}

int Application::wait_for_signal_blocking() {
    return parts_->ground->io.wait_for_signal_blocking();
}

void Application::stop_blocking() {
    parts_->stop_blocking();
}

}  // namespace zs::server
