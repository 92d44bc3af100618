// The job queue with an embedded store, against BullMQ on Redis, graphile-worker and pg-boss.
// The peers come from bench/peers.
#include "adapters/relational/jobs/artifact_index.hpp"
#include "adapters/relational/jobs/job_log.hpp"
#include "adapters/relational/jobs/job_store.hpp"
#include "adapters/relational/jobs/queue_store.hpp"
#include "async/io_runtime.hpp"
#include "async/run_blocking.hpp"
#include "async/sleep.hpp"
#include "core/events/memory_event_bus.hpp"
#include "core/jobs/worker_pool.hpp"
#include "support/job_home.hpp"
#include "support/options.hpp"
#include "support/report.hpp"
#include "support/servers.hpp"
#include "support/statistics.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <optional>

namespace zs::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 1000;
constexpr std::size_t kDrained = 100'000;
constexpr std::size_t kDrainedQuick = 20'000;
constexpr std::size_t kSlots = 256;
constexpr const char* kOurs = "zserver";

std::size_t drained(const BenchOptions& options) {
    return options.quick ? kDrainedQuick : kDrained;
}

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

double micros(std::chrono::nanoseconds span) {
    return double(span.count()) / 1000;
}

// Succeeds at once, and tells who waits.
class NoWork final : public jobs::Worker {
public:
    std::vector<std::string> kinds() const override { return {"process"}; }
    jobs::SandboxTier sandbox() const override { return jobs::SandboxTier::L3; }
    async::Task<jobs::Outcome> run(jobs::LeasedJob, jobs::EventSink&, jobs::StopSignal&) override {
        started_at = Clock::now();
        runs.fetch_add(1);
        runs.notify_all();
        co_return jobs::Outcome();
    }
    async::Task<Result<std::vector<jobs::LeaseRef>>> surviving() override {
        co_return std::vector<jobs::LeaseRef>();
    }

    std::atomic<std::size_t> runs{0};
    std::atomic<Clock::time_point> started_at{};
};

// The queue as the server has it, without HTTP.
class Queue {
public:
    Queue() : loops_(2), bus_(clock_) {
        loops_.start();
        const jobs::QueuePorts ports{store_, queues_, log_, artifacts_, bus_, clock_, steady_};
        queue_ = std::make_unique<jobs::JobQueue>(ports, jobs::QueueConfig(), loops_.executor());
        (void)taken(async::run_blocking(loops_.executor(), start()));
        queue_->run_time();
    }
    ~Queue() {
        if (pool_) {
            pool_->drain();
            pool_->join_blocking();
        }
        queue_->stop();
        queue_->join_blocking();
        pool_.reset();
        queue_.reset();
        loops_.stop();
    }

    // On a loop beside that of the queue, as in the server.
    void begin_work(std::size_t slots) {
        jobs::WorkerPoolConfig config;
        config.id = "bench/1";
        config.slots = slots;
        pool_ = std::make_unique<jobs::WorkerPool>(*queue_, work_, config, loops_.executor(1));
        (void)taken(async::run_blocking(loops_.executor(), start_pool()));
    }

    Sample submit(double seconds, int in_flight) {
        std::vector<std::future<Histogram>> callers;
        const auto start = Clock::now();
        const auto until =
            start
            + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
        for (int i = 0; i < in_flight; ++i)
            callers.push_back(boost::asio::co_spawn(loops_.next_executor(), submit_until(until),
                                                    boost::asio::use_future));
        Histogram all;
        for (auto& caller : callers)
            all.merge(caller.get());
        Sample sample;
        sample["jobs_per_second"] = double(all.count()) / seconds_since(start);
        sample["p50_us"] = micros(all.percentile(50));
        sample["p99_us"] = micros(all.percentile(99));
        return sample;
    }

    void fill(std::size_t count) {
        for (std::size_t done = 0; done < count; done += kBatch)
            async::run_blocking(loops_.executor(), submit_batch());
    }

    Sample batches(double seconds, int in_flight) {
        std::vector<std::future<std::size_t>> callers;
        const auto start = Clock::now();
        const auto until =
            start
            + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
        for (int i = 0; i < in_flight; ++i)
            callers.push_back(boost::asio::co_spawn(loops_.next_executor(), batches_until(until),
                                                    boost::asio::use_future));
        std::size_t count = 0;
        for (auto& caller : callers)
            count += caller.get();
        Sample sample;
        sample["jobs_per_second"] = double(count) / seconds_since(start);
        return sample;
    }

    // Until the outcome of the last one is durable.
    Sample drain(std::size_t count) {
        fill(count);
        const auto start = Clock::now();
        begin_work(kSlots);
        async::run_blocking(loops_.executor(), wait_for_end(count));
        Sample sample;
        sample["jobs_per_second"] = double(count) / seconds_since(start);
        return sample;
    }

    // From the answer to a submit to the start of the run.
    Sample idle(double seconds) {
        begin_work(4);
        Histogram took;
        const auto start = Clock::now();
        while (seconds_since(start) < seconds || took.count() < 3) {
            const std::size_t before = work_.runs.load();
            const auto submitted = async::run_blocking(loops_.executor(), submit_one());
            work_.runs.wait(before);
            const auto waited = work_.started_at.load() - submitted;
            took.add(std::max(std::chrono::nanoseconds(0), std::chrono::nanoseconds(waited)));
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        Sample sample;
        sample["p50_us"] = micros(took.percentile(50));
        sample["p99_us"] = micros(took.percentile(99));
        return sample;
    }

private:
    async::Task<Result<int>> start() {
        auto started = co_await queue_->start();
        if (!started) co_return std::move(started).error();
        co_return 0;
    }
    async::Task<Result<int>> start_pool() {
        auto started = co_await pool_->start();
        if (!started) co_return std::move(started).error();
        co_return 0;
    }

    async::Task<Clock::time_point> submit_one() {
        auto submitted = co_await queue_->submit(home_.new_job());
        (void)taken(std::move(submitted));
        co_return Clock::now();
    }

    async::Task<Histogram> submit_until(Clock::time_point until) {
        Histogram took;
        auto last = Clock::now();
        while (last < until) {
            const auto done = co_await submit_one();
            took.add(done - last);
            last = done;
        }
        co_return took;
    }

    async::Task<std::size_t> batches_until(Clock::time_point until) {
        std::size_t count = 0;
        for (; Clock::now() < until; count += kBatch)
            co_await submit_batch();
        co_return count;
    }

    async::Task<> submit_batch() {
        std::vector<jobs::NewJob> batch;
        batch.reserve(kBatch);
        for (std::size_t i = 0; i < kBatch; ++i)
            batch.push_back(home_.new_job());
        auto added = co_await queue_->submit_many(std::move(batch), jobs::AddMode::EachAlone);
        for (auto& one : taken(std::move(added)))
            (void)taken(std::move(one));
    }

    async::Task<> wait_for_end(std::size_t count) {
        while (work_.runs.load() < count)
            co_await async::sleep_for(std::chrono::milliseconds(1));
        const identity::Tenant tenant{"default", "live"};
        while (true) {
            auto stats = co_await queue_->stats(tenant);
            if (taken(std::move(stats)).counts.succeeded >= count) co_return;
            co_await async::sleep_for(std::chrono::milliseconds(1));
        }
    }

    JobHome home_;
    const zs::Clock& clock_ = home_.clock();
    const jobs::SteadyClock steady_;
    async::IoRuntime loops_;
    relational::SqlJobStore store_{home_.database()};
    relational::SqlQueueStore queues_{home_.database()};
    relational::SqlJobLog log_{home_.database()};
    relational::SqlArtifactIndex artifacts_{home_.database()};
    events::MemoryEventBus bus_;
    NoWork work_;
    std::unique_ptr<jobs::JobQueue> queue_;
    std::unique_ptr<jobs::WorkerPool> pool_;
};

struct Measure {
    const char* name;
    const char* title;
    std::vector<Report::Column> columns;
    const char* figure;  // that ours and the peers' are compared by
    std::function<Sample(const BenchOptions&)> ours;
};

std::vector<Measure> measures() {
    const std::vector<Report::Column> rate{{"jobs_per_second", "jobs/s", 0}};
    const std::vector<Report::Column> timed{
        {"jobs_per_second", "jobs/s", 0}, {"p50_us", "p50 µs", 0}, {"p99_us", "p99 µs", 0}};
    const std::vector<Report::Column> latency{{"p50_us", "p50 µs", 0}, {"p99_us", "p99 µs", 0}};
    return {{"submit_1", "submit, one at a time", timed, "jobs_per_second",
             [](const BenchOptions& o) { return Queue().submit(o.seconds, 1); }},
            {"submit_64", "submit, 64 in flight", timed, "jobs_per_second",
             [](const BenchOptions& o) { return Queue().submit(o.seconds, 64); }},
            {"batch", "submit, batches of 1,000", rate, "jobs_per_second",
             [](const BenchOptions& o) { return Queue().batches(o.seconds, 1); }},
            {"batch_4", "submit, batches of 1,000, 4 in flight", rate, "jobs_per_second",
             [](const BenchOptions& o) { return Queue().batches(o.seconds, 4); }},
            {"drain", "jobs that do nothing", rate, "jobs_per_second",
             [](const BenchOptions& o) { return Queue().drain(drained(o)); }},
            {"idle", "from submit to start, idle queue", latency, "p50_us",
             [](const BenchOptions& o) { return Queue().idle(o.seconds); }}};
}

// Runs a peer's program for one measurement.
Subject peer(const std::string& name, const std::string& url, const char* measure,
             const BenchOptions& options) {
    const auto run = [name, url, measure, &options] {
        Command command;
        command.arguments = {"node",
                             ZS_BENCH_PEERS "/jobs.mjs",
                             name,
                             url,
                             measure,
                             fmt::format("{}", options.seconds),
                             std::to_string(drained(options))};
        Process process(command);
        const auto line = process.wait_for_line("{", std::chrono::seconds(300));
        Sample sample;
        const auto figures = boost::json::parse("{" + line);
        for (const auto& figure : figures.as_object())
            sample[std::string(figure.key())] = figure.value().to_number<double>();
        return sample;
    };
    return {name, run};
}

void goals(Report& report, const Measure& measure, const std::vector<Subject>& subjects,
           const Samples& samples) {
    const auto ours = [&](const char* figure) { return median_of(samples.at(kOurs), figure); };
    const std::string name = measure.name;
    using Bound = Report::Bound;
    if (name == "submit_1")
        report.goal("p50 of one submit, µs", ours("p50_us"), Bound::AtMost, 1000);
    if (name == "submit_64")
        report.goal("submits/s, 64 in flight", ours("jobs_per_second"), Bound::AtLeast, 25'000);
    if (name == "batch" || name == "batch_4")
        report.goal("jobs/s in batches", ours("jobs_per_second"), Bound::AtLeast, 150'000);
    if (name == "drain")
        report.goal("jobs/s drained", ours("jobs_per_second"), Bound::AtLeast, 35'000);
    if (name == "idle") report.goal("p50 of the pick-up, µs", ours("p50_us"), Bound::AtMost, 1000);
    const bool less_is_better = name == "idle";
    for (const Subject& subject : subjects) {
        if (subject.name == kOurs) continue;
        report.goal(fmt::format("{} ÷ {}", name, subject.name),
                    ratio_of(samples, kOurs, subject.name, measure.figure),
                    less_is_better ? Bound::AtMost : Bound::AtLeast, 1.0);
    }
}

// Started once for all measurements; none with --alone.
struct Peers {
    explicit Peers(const std::filesystem::path& folder)
        : redis(folder / "redis"), postgres(folder / "postgres", 300) {}
    const Redis redis;
    const Postgres postgres;
};

bool is_wanted(const BenchOptions& options, std::string_view measure) {
    const auto& only = options.only;
    return only.empty() || std::find(only.begin(), only.end(), measure) != only.end();
}

void measure_all(const BenchOptions& options) {
    const ScratchDir directory("job-peers");
    std::optional<Peers> peers;
    if (!options.alone) peers.emplace(directory.path());
    Report report("jobs", options);
    report.note("jobs drained", std::to_string(drained(options)));
    report.note("one sync", fmt::format("{:.0f} µs", sync_cost_us(directory.path())));
    for (const Measure& measure : measures()) {
        if (!is_wanted(options, measure.name)) continue;
        const auto ours = [&] { return measure.ours(options); };
        std::vector<Subject> subjects{{kOurs, ours}};
        if (peers) {
            const auto& url = peers->postgres.url();
            subjects.push_back(peer("bullmq", peers->redis.url(), measure.name, options));
            subjects.push_back(peer("graphile-worker", url, measure.name, options));
            subjects.push_back(peer("pg-boss", url, measure.name, options));
        }
        const auto samples = run_interleaved(subjects, options.rounds);
        report.table(measure.title, subjects, samples, measure.columns, kOurs);
        goals(report, measure, subjects, samples);
    }
}

}  // namespace
}  // namespace zs::bench

int main(int argc, char** argv) {
    zs::bench::BenchOptions defaults;
    defaults.rounds = 1;
    return zs::bench::run_bench(argc, argv, "bench jobs: a durable job queue", defaults,
                                zs::bench::measure_all);
}
