#include "support/failure.hpp"
#include "support/load.hpp"

#include <atomic>
#include <mutex>
#include <thread>

namespace zs::bench {

namespace {

using Clock = std::chrono::steady_clock;

enum class Phase : int { Prepare, WarmUp, Measured, Done };

struct Shared {
    std::atomic<Phase> phase{Phase::Prepare};
    std::atomic<int> ready{0};
    std::mutex mutex;
    LoadResult result;
    std::string failure;

    bool failed() {
        const std::lock_guard lock(mutex);
        return !failure.empty();
    }
};

void work_until_done(Shared& shared, const std::function<void()>& work) {
    Histogram latency;
    std::uint64_t answers = 0;
    while (true) {
        const auto start = Clock::now();
        const Phase before = shared.phase.load(std::memory_order_relaxed);
        if (before == Phase::Done) break;
        work();
        if (shared.phase.load(std::memory_order_relaxed) == Phase::Measured) {
            ++answers;
            latency.add(Clock::now() - start);
        }
    }
    const std::lock_guard lock(shared.mutex);
    shared.result.answers += answers;
    shared.result.latency.merge(latency);
}

void client_thread(Shared& shared, const MakeClient& make, int client) {
    try {
        const auto work = make(client);
        ++shared.ready;
        shared.phase.wait(Phase::Prepare);
        work_until_done(shared, work);
    } catch (const std::exception& error) {
        const std::lock_guard lock(shared.mutex);
        if (shared.failure.empty()) shared.failure = error.what();
        ++shared.ready;
    }
}

}  // namespace

LoadResult run_thread_load(const LoadOptions& options, const MakeClient& make) {
    Shared shared;
    std::vector<std::thread> threads;
    for (int i = 0; i < options.clients; ++i) {
        threads.emplace_back([&shared, &make, i] { client_thread(shared, make, i); });
    }
    while (shared.ready.load() < options.clients) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const auto enter = [&shared](Phase phase) {
        shared.phase.store(phase);
        shared.phase.notify_all();
    };
    double cpu = 0;
    auto start = Clock::now();
    if (!shared.failed()) {
        enter(Phase::WarmUp);
        std::this_thread::sleep_for(options.warm_up);
        if (options.server_cpu) cpu = options.server_cpu();
        start = Clock::now();
        enter(Phase::Measured);
        std::this_thread::sleep_for(options.measured);
    }
    enter(Phase::Done);
    const double seconds = Seconds(Clock::now() - start).count();
    const double cpu_after = options.server_cpu ? options.server_cpu() : 0;
    for (auto& thread : threads)
        thread.join();
    if (!shared.failure.empty()) throw Failure(shared.failure);
    shared.result.seconds = seconds;
    shared.result.server_cpu_seconds = cpu_after - cpu;
    return std::move(shared.result);
}

}  // namespace zs::bench
