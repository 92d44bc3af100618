// Programs per second that the local worker runs, its directories, shims and logs included; beside
// bare posix_spawn of the same program.
#include "adapters/process/process_worker.hpp"
#include "adapters/process/shim.hpp"
#include "core/files/memory_blob_store.hpp"
#include "core/files/memory_file_catalog.hpp"
#include "support/failure.hpp"
#include "support/options.hpp"
#include "support/report.hpp"
#include "support/scratch_dir.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>

namespace zs::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr const char* kOurs = "local worker";
constexpr const char* kBare = "bare posix_spawn";
constexpr int kSlots = 4;

const std::vector<Report::Column> kColumns{{"runs_per_second", "runs/s", 0},
                                           {"mean_ms", "mean ms", 2}};

// A log that takes everything; the program says one line.
class CountingSink final : public jobs::EventSink {
public:
    async::Task<Result<void>> log(std::vector<jobs::LogLine> lines) override {
        lines_ += lines.size();
        co_return Result<void>();
    }
    async::Task<Result<void>> progress(jobs::Progress) override { co_return Result<void>(); }
    async::Task<Result<void>> artifact(jobs::Artifact) override { co_return Result<void>(); }
    std::size_t lines() const { return lines_; }

private:
    std::size_t lines_ = 0;
};

class NeverStop final : public jobs::StopSignal {
public:
    std::stop_token token() const override { return {}; }
    jobs::StopReason reason() const override { return jobs::StopReason::None; }
};

class NoInputs final : public process::InputFiles {
public:
    async::Task<Result<std::unique_ptr<files::BlobReader>>> open(identity::Tenant,
                                                                 files::Digest) override {
        co_return not_found("no files here");
    }
};

Sample sample_of_runs(std::uint64_t runs, double seconds) {
    const auto count = static_cast<double>(runs);
    Sample sample;
    sample["runs_per_second"] = count / seconds;
    sample["mean_ms"] = seconds * kSlots * 1000 / count;
    return sample;
}

double seconds_since(SteadyClock::time_point start) {
    return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

class Ours {
public:
    Ours() {
        process::WorkerOptions options;
        options.temp_dir = directory_.path() / "work";
        auto opened = process::ProcessWorker::open_blocking(
            options, process::WorkerParts{pool_, blobs_, ledger_, inputs_, clock_});
        if (!opened) throw Failure(opened.error().message);
        worker_ = std::move(*opened);
    }

    Sample run(double seconds) {
        const auto start = SteadyClock::now();
        const auto until = start
                           + std::chrono::duration_cast<SteadyClock::duration>(
                               std::chrono::duration<double>(seconds));
        std::uint64_t runs = 0;
        boost::asio::io_context loop;
        std::exception_ptr failure;
        for (int slot = 0; slot < kSlots; ++slot) {
            boost::asio::co_spawn(loop, serve(until, runs), [&](const std::exception_ptr& error) {
                if (error) failure = error;
            });
        }
        loop.run();
        if (failure) std::rethrow_exception(failure);
        return sample_of_runs(runs, seconds_since(start));
    }

private:
    async::Task<> serve(SteadyClock::time_point until, std::uint64_t& runs) {
        while (SteadyClock::now() < until) {
            jobs::LeasedJob job;
            job.job.id = jobs::JobId::next(clock_);
            job.job.tenant.org_id = "default";
            job.job.tenant.env_slug = "live";
            job.job.spec.command = {"/bin/echo", "done"};
            job.job.counters.attempt = 1;
            CountingSink sink;
            auto outcome = co_await worker_->run(std::move(job), sink, stop_);
            if (outcome.kind != jobs::Outcome::Kind::Succeeded || sink.lines() != 1) {
                throw Failure("a run did not end as it should");
            }
            ++runs;
        }
    }

    ScratchDir directory_{"process_runs"};
    SystemClock clock_;
    async::BlockingPool pool_{"jobs", {.threads = 2, .queue_max = 1024}};
    files::MemoryBlobStore blobs_;
    files::MemoryFileCatalog ledger_;
    NoInputs inputs_;
    NeverStop stop_;
    std::unique_ptr<process::ProcessWorker> worker_;
};

// As many threads as there are slots, each spawning and waiting.
Sample run_bare(double seconds) {
    const auto start = SteadyClock::now();
    std::atomic<std::uint64_t> runs{0};
    std::vector<std::thread> threads;
    for (int slot = 0; slot < kSlots; ++slot) {
        threads.emplace_back([&] {
            posix_spawn_file_actions_t actions;
            ::posix_spawn_file_actions_init(&actions);
            ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
            char program[] = "/bin/echo";
            char word[] = "done";
            char* arguments[] = {program, word, nullptr};
            char* environment[] = {nullptr};
            while (seconds_since(start) < seconds) {
                pid_t pid = 0;
                if (::posix_spawn(&pid, program, &actions, nullptr, arguments, environment) != 0) {
                    break;
                }
                ::waitpid(pid, nullptr, 0);
                ++runs;
            }
            ::posix_spawn_file_actions_destroy(&actions);
        });
    }
    for (auto& thread : threads)
        thread.join();
    return sample_of_runs(runs, seconds_since(start));
}

void measure(const BenchOptions& options) {
    Ours ours;
    Report report("process_runs", options);
    report.note("slots", std::to_string(kSlots));
    const std::vector<Subject> subjects{{kOurs, [&] { return ours.run(options.seconds); }},
                                        {kBare, [&] { return run_bare(options.seconds); }}};
    const auto samples = run_interleaved(subjects, options.rounds);
    report.table("echo done, 4 at once", subjects, samples, kColumns, kBare);
    report.goal("process runs/s", median_of(samples.at(kOurs), "runs_per_second"),
                Report::Bound::AtLeast, 500);
}

}  // namespace
}  // namespace zs::bench

int main(int argc, char** argv) {
    if (zs::process::is_shim_command(argc, argv)) return zs::process::run_shim();
    return zs::bench::run_bench(
        argc, argv, "bench process_runs: programs that the local worker runs per second", {},
        zs::bench::measure);
}
