#include "server/commands/worker_command.hpp"

#include "adapters/process/process_worker.hpp"
#include "async/io_runtime.hpp"
#include "async/run_blocking.hpp"
#include "base/log.hpp"
#include "server/commands/direct_worker.hpp"
#include "server/commands/remote_worker.hpp"
#include "server/drain.hpp"
#include "server/job_settings.hpp"

#include <ostream>

namespace zs::server {
namespace {

const SystemClock kClock;
constexpr std::size_t kFileThreads = 4;
constexpr std::size_t kQueueMax = 4096;

// Everything a worker consists of, in the order of dependency.
struct RemoteWorkerParts {
    RemoteWorkerParts(const Config& settings, std::unique_ptr<ServerCalls> server_calls)
        : config(settings),
          calls(std::move(server_calls)),
          inputs(*calls),
          blobs(config.worker.temp_dir.string() + "-spool", files_pool) {
        io.start();
    }

    Result<void> open_blocking() {
        auto prepared = SpoolBlobs::prepare_blocking(config.worker.temp_dir.string() + "-spool");
        if (!prepared) return prepared;
        auto opened =
            process::ProcessWorker::open_blocking(worker_settings(config), {.pool = files_pool,
                                                                            .blobs = blobs,
                                                                            .ledger = ledger,
                                                                            .inputs = inputs,
                                                                            .clock = clock});
        if (!opened) return std::move(opened).error();
        worker = std::move(*opened);
        return {};
    }

    const Config config;
    const SystemClock clock;
    std::unique_ptr<ServerCalls> calls;
    async::IoRuntime io{1};
    async::BlockingPool files_pool{"files", {.threads = kFileThreads, .queue_max = kQueueMax}};
    RemoteInputs inputs;
    SpoolBlobs blobs;
    SpoolLedger ledger;
    std::unique_ptr<process::ProcessWorker> worker;
};

Result<void> serve(RemoteWorkerParts& parts, RemoteWorker::Options options, cli::Console& console) {
    RemoteWorker worker(*parts.calls, parts.blobs, *parts.worker, options, parts.io.executor());
    auto attached = async::run_blocking(parts.io.executor(), worker.attach());
    if (attached) {
        const auto ended = async::run_blocking(parts.io.executor(), parts.worker->end_unclaimed());
        if (!ended) attached = ended.error();
    }
    if (!attached) {
        worker.drain();
        worker.hurry();
        worker.join_blocking();
        return attached;
    }
    worker.start();
    console.out << "zserver worker " << options.id << " runs up to " << options.slots << " jobs of "
                << parts.calls->url() << std::endl;
    parts.io.wait_for_signal_blocking();
    log::info("stopping", {{"grace_secs", options.drain_grace.count() / 1000}});
    worker.drain();
    drain_blocking(
        parts.io, [&worker] { worker.join_blocking(); }, [&worker] { worker.hurry(); });
    return {};
}

}  // namespace

int run_worker_command(const WorkerCommandOptions& options, cli::Console& console) {
    auto loaded = load_or_explain(config_input(options.source, console), console);
    if (!loaded) return console.fail(loaded.error());
    Config& config = *loaded;
    log::configure(config.monitoring.log_level, config.monitoring.log_format);
    if (options.slots) config.worker.slots = *options.slots;
    if (!options.labels.empty()) config.worker.labels = options.labels;
    // A server with the same data directory has the folder that is named after it.
    if (options.temp_dir) {
        config.worker.temp_dir = *options.temp_dir;
    } else if (console.variable("ZWORKER_TEMP_DIR").empty()) {
        config.worker.temp_dir += "-remote";
    }
    cli::Target target;
    target.url = options.server ? options.server : config.worker.server;
    target.token = options.token;
    if (!target.token && config.worker.token) target.token = config.worker.token->reveal();
    if (!target.url && config.storage.backend == Backend::Postgres) {
        auto served =
            run_direct_worker(config, options.id.value_or(direct_worker_id(config)), console);
        log::flush();
        return served ? cli::kExitSuccess : console.fail(served.error());
    }
    if (!target.url) {
        return console.fail(cli::usage_error(
            "say whose jobs to run: --server URL, ZWORKER_SERVER or worker.server; or, beside"
            " servers on PostgreSQL, storage.backend and storage.postgres_url"));
    }
    // A call for work, a heartbeat, and one for each attempt.
    auto calls = ServerCalls::open(target, console, kClock, config.worker.slots + 3);
    if (!calls) return console.fail(calls.error());
    RemoteWorker::Options settings;
    settings.id = options.id.value_or(worker_pool_settings(config).id);
    settings.slots = config.worker.slots;
    settings.labels = config.worker.labels;
    settings.drain_grace = config.server.shutdown_grace;
    RemoteWorkerParts parts(config, std::move(*calls));
    const auto self = async::run_blocking(parts.io.executor(), parts.calls->get("/v1/whoami"));
    if (!self) return console.fail(self.error());
    if (const auto* slug = self->as_object().if_contains("env_slug"); slug && slug->is_string())
        settings.environment = std::string(slug->get_string());
    auto opened = parts.open_blocking();
    if (!opened) return console.fail(opened.error());
    auto served = serve(parts, std::move(settings), console);
    log::flush();
    return served ? cli::kExitSuccess : console.fail(served.error());
}

}  // namespace zs::server
