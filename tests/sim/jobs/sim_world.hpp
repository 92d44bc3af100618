#pragma once

#include "async/completion.hpp"
#include "core/events/memory_event_bus.hpp"
#include "core/jobs/job_queue.hpp"
#include "core/jobs/memory_job_store.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace zs::sim {

using namespace zs::jobs;

// Time, chance and the truth. Everything runs on one loop; time moves when nothing else can.
class SimWorld {
public:
    explicit SimWorld(std::uint64_t seed) : random(seed) {}

    int draw(int below) { return static_cast<int>(random() % static_cast<std::uint64_t>(below)); }
    bool chance(int percent) { return draw(100) < percent; }
    async::Task<> pause(Millis span);
    // Runs what can run; then moves time to the next pause that ends. False when there is none.
    bool step();
    void run_ready();
    void broke(const std::string& rule) { broken.push_back(rule); }

    std::mt19937_64 random;
    boost::asio::io_context loop;
    ManualClock clock;
    ManualMonotonicClock monotonic;
    MemoryJobTables tables;
    events::MemoryEventBus bus{clock};
    bool faults = true;
    bool crashing = false;  // calls that are under way end now, without an answer
    int calls = 0;
    std::vector<std::string> broken;

private:
    std::multimap<Moment, async::Completion<Result<bool>>> pauses_;
};

// A store that is slow, fails before it does anything, or does it and loses the answer.
class SimJobStore final : public JobStore {
public:
    explicit SimJobStore(SimWorld& world) : world_(world), inner_(world.tables) {}

    async::Task<Result<std::vector<Result<Submitted>>>> add(std::vector<NewJob> jobs,
                                                            AddMode mode) override;
    async::Task<Result<std::vector<LeasedJob>>> claim(ClaimQuery query) override;
    async::Task<Result<std::vector<LeaseState>>> extend(WorkerId worker,
                                                        std::vector<LeaseRef> leases, Millis lease,
                                                        Timestamp now) override;
    async::Task<Result<std::vector<Result<Changes>>>> finish(
        std::vector<FinishedAttempt> attempts) override;
    async::Task<Result<Changes>> steer(identity::Tenant tenant, JobId job, Steer steer,
                                       Timestamp now) override;
    async::Task<Result<Swept>> sweep(SweepQuery query) override;
    async::Task<Result<std::optional<Job>>> find(identity::Tenant tenant, JobId job) override;
    async::Task<Result<std::vector<Job>>> list(identity::Tenant tenant, JobFilter filter) override;

private:
    // What becomes of a call, drawn before it happens.
    enum class Fate { Good, NotDone, AnswerLost };
    async::Task<Fate> before();
    async::Task<bool> after(Fate fate);  // whether the answer arrives
    void check_limits();
    void check(const Changes& changes);

    SimWorld& world_;
    MemoryJobStore inner_;
    std::map<JobId, int> ends_;
};

}  // namespace zs::sim
