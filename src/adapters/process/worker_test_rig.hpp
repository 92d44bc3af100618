#pragma once

#include "adapters/process/process_worker.hpp"
#include "async/sleep.hpp"
#include "core/files/memory_blob_store.hpp"
#include "core/files/memory_file_catalog.hpp"
#include "support/blobs.hpp"
#include "support/run_task.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <vector>

// A worker on a folder of its own, and what stands for the queue around it.
namespace zs::process {

// Collects what an attempt reports. A test may look in `on_log`, or make it wait or fail.
class RecordingSink final : public jobs::EventSink {
public:
    async::Task<Result<void>> log(std::vector<jobs::LogLine> some) override {
        if (on_log) on_log(some);
        if (wait > Millis(0)) co_await async::sleep_for(std::exchange(wait, Millis(0)));
        if (lost) co_return jobs::lease_lost();
        for (auto& line : some)
            lines.push_back(std::move(line));
        co_return Result<void>();
    }
    async::Task<Result<void>> progress(jobs::Progress now) override {
        progresses.push_back(std::move(now));
        co_return Result<void>();
    }
    async::Task<Result<void>> artifact(jobs::Artifact made) override {
        artifacts.push_back(std::move(made));
        co_return Result<void>();
    }

    // The lines of a stream, an LF behind each.
    std::string text(jobs::LogStream stream = jobs::LogStream::Stdout) const {
        std::string all;
        for (const auto& line : lines)
            if (line.stream == stream) all += line.bytes + "\n";
        return all;
    }
    std::string notes() const { return text(jobs::LogStream::System); }

    std::function<void(const std::vector<jobs::LogLine>&)> on_log;
    Millis wait{0};  // of the next call
    bool lost = false;
    std::vector<jobs::LogLine> lines;
    std::vector<jobs::Progress> progresses;
    std::vector<jobs::Artifact> artifacts;
};

class ManualStop final : public jobs::StopSignal {
public:
    std::stop_token token() const override { return source_.get_token(); }
    jobs::StopReason reason() const override { return reason_; }
    void stop(jobs::StopReason reason) {
        reason_ = reason;
        source_.request_stop();
    }

private:
    std::stop_source source_;
    std::atomic<jobs::StopReason> reason_{jobs::StopReason::None};
};

// Files by digest, for any tenant.
class BlobInputs final : public InputFiles {
public:
    explicit BlobInputs(files::BlobStore& blobs) : blobs_(blobs) {}
    async::Task<Result<std::unique_ptr<files::BlobReader>>> open(identity::Tenant,
                                                                 files::Digest blob) override {
        co_return co_await blobs_.open(blob, files::BlobRange());
    }

private:
    files::BlobStore& blobs_;
};

struct WorkerRig {
    WorkerRig() {
        // Programs of another user go through it.
        ::chmod(dir.path().c_str(), 0711);
        options.temp_dir = dir.path() / "work";
        options.kill_grace = Millis(200);
        options.use_cgroups = false;
    }

    void open() {
        auto opened = ProcessWorker::open_blocking(options, parts());
        if (!opened) throw std::runtime_error(opened.error().message);
        worker = std::move(*opened);
    }
    WorkerParts parts() { return {pool, blobs, ledger, inputs, clock}; }

    jobs::LeasedJob job(std::vector<std::string> command) {
        jobs::LeasedJob leased;
        leased.job.id = jobs::JobId::next(clock);
        leased.job.tenant = {"acme", "live"};
        leased.job.spec.command = std::move(command);
        leased.job.spec.timeout = Seconds(30);
        leased.job.counters.attempt = 1;
        leased.job.token = jobs::LeaseToken{4711};
        return leased;
    }
    jobs::LeasedJob shell(const std::string& script) { return job({"/bin/sh", "-c", script}); }

    jobs::Outcome run(jobs::LeasedJob leased) {
        if (!worker) open();
        return testing::run_task(worker->run(std::move(leased), sink, stop));
    }
    std::size_t entries() const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(options.temp_dir))
            count += entry.path().filename() != ".states" ? 1 : 0;
        for (const auto& entry : std::filesystem::directory_iterator(options.temp_dir / ".states"))
            count += entry.path().filename() != "lock" ? 1 : 0;
        return count;
    }

    testing::TempDir dir;
    WorkerOptions options;
    SystemClock clock;
    async::BlockingPool pool{"jobs", {.threads = 2, .queue_max = 256}};
    files::MemoryBlobStore blobs;
    files::MemoryFileCatalog ledger;
    BlobInputs inputs{blobs};
    RecordingSink sink;
    ManualStop stop;
    std::unique_ptr<ProcessWorker> worker;
};

class ProcessWorkerTest : public ::testing::Test, public WorkerRig {
protected:
    void TearDown() override {
        worker.reset();
        if (std::filesystem::exists(options.temp_dir)) {
            EXPECT_EQ(entries(), 0U) << "directories are left";
        }
    }
};

inline bool is_there(pid_t pid) {
    return ::kill(pid, 0) == 0;
}

inline jobs::Failure failure_of(const jobs::Outcome& outcome) {
    if (!outcome.error) return jobs::Failure::DependencyFailed;
    return outcome.error->code;
}

}  // namespace zs::process
