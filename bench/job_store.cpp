// What the store of jobs does alone: submits one by one and in batches, claims and finishes.
#include "adapters/relational/jobs/job_store.hpp"

#include "support/job_home.hpp"
#include "support/options.hpp"
#include "support/report.hpp"
#include "support/run_together.hpp"

#include <fmt/format.h>

#include <chrono>

namespace zs::bench {
namespace {

using jobs::JobId;
using Clock = std::chrono::steady_clock;

constexpr int kInFlight = 64;
constexpr std::size_t kBatch = 1000;
constexpr int kBatchesInFlight = 2;
constexpr std::size_t kClaimed = 256;
constexpr int kDrainers = 4;
constexpr const char* kOurs = "SQLite";

const std::vector<Report::Column> kColumns{{"submit_per_second", "submits/s, 64 in flight", 0},
                                           {"batch_per_second", "jobs/s, batches of 1000", 0},
                                           {"drain_per_second", "claims + finishes/s", 0}};

Clock::time_point end_after(double seconds) {
    return Clock::now()
           + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// A fresh database with the store on it.
class Store {
public:
    double submit(double seconds) {
        const auto until = end_after(seconds);
        const auto start = Clock::now();
        std::vector<async::Task<std::size_t>> callers;
        for (int i = 0; i < kInFlight; ++i)
            callers.push_back(submit_until(until, 1));
        return total(std::move(callers)) / seconds_since(start);
    }

    double submit_batches(double seconds) {
        const auto until = end_after(seconds);
        const auto start = Clock::now();
        std::vector<async::Task<std::size_t>> callers;
        for (int i = 0; i < kBatchesInFlight; ++i)
            callers.push_back(submit_until(until, kBatch));
        return total(std::move(callers)) / seconds_since(start);
    }

    double drain(double seconds) {
        const auto until = end_after(seconds);
        const auto start = Clock::now();
        std::vector<async::Task<std::size_t>> workers;
        for (int i = 0; i < kDrainers; ++i)
            workers.push_back(drain_until(until));
        return total(std::move(workers)) / seconds_since(start);
    }

private:
    async::Task<std::size_t> submit_until(Clock::time_point until, std::size_t size) {
        std::size_t count = 0;
        while (Clock::now() < until) {
            std::vector<jobs::NewJob> batch;
            batch.reserve(size);
            for (std::size_t i = 0; i < size; ++i)
                batch.push_back(home_.new_job());
            auto added = co_await store_.add(std::move(batch), jobs::AddMode::EachAlone);
            for (const auto& one : taken(std::move(added))) {
                if (!one) throw Failure(one.error().message);
                waiting_.push_back(one->id);
            }
            count += size;
        }
        co_return count;
    }

    async::Task<std::size_t> drain_until(Clock::time_point until) {
        std::size_t count = 0;
        while (Clock::now() < until && next_ < waiting_.size()) {
            jobs::ClaimQuery query;
            query.worker = "bench/1";
            query.now = home_.clock().now();
            const auto size = std::min(kClaimed, waiting_.size() - next_);
            const auto first = waiting_.begin() + static_cast<std::ptrdiff_t>(next_);
            query.candidates.assign(first, first + static_cast<std::ptrdiff_t>(size));
            next_ += size;
            auto claimed = co_await store_.claim(std::move(query));
            std::vector<jobs::FinishedAttempt> attempts;
            for (const auto& leased : taken(std::move(claimed))) {
                jobs::FinishedAttempt attempt;
                attempt.lease = leased.lease();
                attempt.now = home_.clock().now();
                attempts.push_back(std::move(attempt));
            }
            auto finished = co_await store_.finish(std::move(attempts));
            for (const auto& one : taken(std::move(finished))) {
                if (!one) throw Failure(one.error().message);
                ++count;
            }
        }
        co_return count;
    }

    static double total(std::vector<async::Task<std::size_t>> tasks) {
        double sum = 0;
        for (const auto count : testing::run_together(std::move(tasks)))
            sum += double(count);
        return sum;
    }

    JobHome home_;
    relational::SqlJobStore store_{home_.database()};
    std::vector<JobId> waiting_;
    std::size_t next_ = 0;
};

void measure(const BenchOptions& options) {
    Report report("job_store", options);
    {
        const ScratchDir directory("sync-cost");
        report.note("one sync", fmt::format("{:.0f} µs", sync_cost_us(directory.path())));
    }
    const auto run = [&options] {
        Store store;
        Sample sample;
        sample["submit_per_second"] = store.submit(options.seconds);
        sample["batch_per_second"] = store.submit_batches(options.seconds);
        sample["drain_per_second"] = store.drain(options.seconds);
        return sample;
    };
    const std::vector<Subject> subjects{{kOurs, run}};
    const auto samples = run_interleaved(subjects, options.rounds);
    report.table("the store of jobs, one process", subjects, samples, kColumns, "");
    const auto& ours = samples.at(kOurs);
    report.goal("submits/s, 64 in flight", median_of(ours, "submit_per_second"),
                Report::Bound::AtLeast, 25'000);
    report.goal("jobs/s, batches of 1000", median_of(ours, "batch_per_second"),
                Report::Bound::AtLeast, 150'000);
    report.goal("claims + finishes/s", median_of(ours, "drain_per_second"), Report::Bound::AtLeast,
                35'000);
}

}  // namespace
}  // namespace zs::bench

int main(int argc, char** argv) {
    return zs::bench::run_bench(argc, argv,
                                "bench job_store: submits, claims and finishes, durable", {},
                                zs::bench::measure);
}
