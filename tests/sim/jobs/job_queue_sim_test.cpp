#include "base/json.hpp"
#include "sim/jobs/sim_world.hpp"
#include "support/run_task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>

// What must hold whatever fails: no job that was acknowledged is lost, none ends twice, no call
// with an old token counts, limits of keys are never exceeded, events keep their order, and every
// job ends. ZS_SIM_SEED repeats a run.
namespace zs::sim {
namespace {

constexpr int kJobs = 120;
constexpr int kWorkers = 6;
constexpr Millis kTimeMax{4 * 3'600'000};

// The order of what is told about each job.
class Listener final : public events::EventReceiver {
public:
    explicit Listener(SimWorld& world) : world_(world) {}
    void on_event(const events::EventPtr& event) override {
        const auto frame = parse_json(event->frame);
        if (!frame) return world_.broke("an event is not JSON");
        const auto* seq = frame->at("data").as_object().if_contains("job_seq");
        if (seq == nullptr) return;
        const auto now = seq->to_number<std::uint64_t>();
        auto& heard = heard_[event->topic.name];
        if (now <= heard.seq) {
            world_.broke("events of " + event->topic.name + " out of order: " + event->frame
                         + " after " + heard.frame);
        }
        heard = {now, event->frame};
    }

private:
    struct Heard {
        std::uint64_t seq = 0;
        std::string frame;
    };
    SimWorld& world_;
    std::map<std::string, Heard> heard_;
};

class JobSimulation {
public:
    explicit JobSimulation(std::uint64_t seed) : world_(seed), store_(world_) {
        for (const char* org : {"a", "b"}) {
            const identity::Tenant tenant{org, "live"};
            events::TopicFilter filter;
            filter.family = events::TopicFamily::Jobs;
            filter.wildcard = true;
            filter.types = {"state", "log"};
            world_.bus.subscribe(tenant, filter, listener_);
        }
    }

    std::vector<std::string> run() {
        open_queue();
        spawn(submit_all());
        spawn(cancel_some());
        spawn(jump_clocks());
        spawn(ticks());
        for (int i = 0; i < kWorkers; ++i)
            spawn(work(i));
        const Moment end = world_.monotonic.now() + kTimeMax;
        int crashes = world_.draw(3);
        Moment next_crash = world_.monotonic.now() + Millis(2'000 + world_.draw(20'000));
        while (!over() && world_.monotonic.now() < end && world_.broken.empty()) {
            if (!world_.step()) break;
            if (crashes > 0 && world_.monotonic.now() >= next_crash) {
                restart();
                --crashes;
                next_crash = world_.monotonic.now() + Millis(2'000 + world_.draw(20'000));
            }
            if (submitted_all_ && world_.faults && ++calm_ > 4'000) world_.faults = false;
        }
        check_end();
        close();
        return world_.broken;
    }

private:
    void spawn(async::Task<> task) {
        ++tasks_;
        boost::asio::co_spawn(world_.loop, std::move(task),
                              [this](const std::exception_ptr&) { --tasks_; });
    }

    void open_queue() {
        QueueConfig config;
        config.lease = Millis(3'000);
        config.backoff = Millis(100);
        config.backoff_max = Millis(2'000);
        config.retention_days = 0;
        config.seed = world_.random() | 1;
        QueuePorts ports{store_,     queues_,      logs_,           artifacts_,
                         world_.bus, world_.clock, world_.monotonic};
        queue_ = std::make_unique<JobQueue>(ports, config, world_.loop.get_executor());
        spawn(start());
    }
    async::Task<> start() {
        auto started = co_await queue_->start();
        if (!started) world_.broke("the queue does not start: " + started.error().message);
        open_ = true;
    }

    // The process dies: what was under way ends without an answer, what was in memory is gone.
    void restart() {
        open_ = false;
        world_.crashing = true;
        queue_->stop();
        for (int i = 0; i < 100'000 && (world_.calls > 0 || uses_ > 0); ++i)
            world_.step();
        if (world_.calls > 0 || uses_ > 0) return world_.broke("calls do not end");
        world_.run_ready();
        queue_->join_blocking();
        queue_.reset();
        world_.crashing = false;
        open_queue();
        world_.run_ready();
    }

    void close() {
        closing_ = true;
        world_.faults = false;
        open_ = false;
        queue_->stop();
        for (int i = 0; i < 200'000 && (tasks_ > 0 || world_.calls > 0); ++i) {
            if (!world_.step()) break;
        }
        queue_->join_blocking();
        queue_.reset();
    }

    // Every use of the queue stands between these, so that a restart knows when none is under way.
    async::Task<bool> enter() {
        while (!open_ && !closing_)
            co_await world_.pause(Millis(20));
        if (!closing_) ++uses_;
        co_return !closing_;
    }
    void leave() { --uses_; }

    JobSpec some_spec() {
        JobSpec spec;
        spec.command = {"x"};
        spec.priority = static_cast<std::int16_t>(world_.draw(20));
        spec.max_retries = static_cast<std::uint32_t>(world_.draw(4));
        spec.timeout = Seconds(1 + world_.draw(60));
        if (world_.chance(50)) {
            const auto key = world_.draw(3);
            spec.concurrency =
                ConcurrencyLimit{std::to_string(key), static_cast<std::uint32_t>(1 + key)};
        }
        if (world_.chance(20)) spec.run_at = world_.clock.now() + Millis(world_.draw(20'000));
        if (world_.chance(10)) spec.rate = RateLimit{"r", 30};
        return spec;
    }

    async::Task<> submit_all() {
        for (int i = 0; i < kJobs; ++i) {
            NewJob job;
            job.id = JobId::next(world_.clock);
            job.tenant = {world_.chance(70) ? "a" : "b", "live"};
            job.spec = some_spec();
            if (!acknowledged_.empty() && world_.chance(15)) {
                const auto on = std::next(acknowledged_.begin(),
                                          world_.draw(static_cast<int>(acknowledged_.size())));
                Dependency dependency;
                dependency.job = on->first.uuid();
                dependency.when = DependsWhen::Finished;
                if (on->second == job.tenant) job.spec.depends_on.push_back(dependency);
            }
            const auto id = job.id;
            const auto tenant = job.tenant;
            const bool inside = co_await enter();
            if (!inside) co_return;
            auto answer = co_await queue_->submit(std::move(job));
            leave();
            if (answer) acknowledged_.emplace(id, tenant);
            co_await world_.pause(Millis(world_.draw(200)));
        }
        submitted_all_ = true;
    }

    async::Task<> cancel_some() {
        for (int i = 0; i < 20; ++i) {
            co_await world_.pause(Millis(500 + world_.draw(1'500)));
            if (acknowledged_.empty()) continue;
            const auto at = std::next(acknowledged_.begin(),
                                      world_.draw(static_cast<int>(acknowledged_.size())));
            const auto [id, tenant] = *at;
            const bool inside = co_await enter();
            if (!inside) co_return;
            co_await queue_->cancel(tenant, id);
            leave();
        }
    }

    async::Task<> jump_clocks() {
        for (int i = 0; i < 5; ++i) {
            co_await world_.pause(Millis(world_.draw(10'000)));
            world_.clock.advance(Millis(world_.draw(120'000) - 60'000));
        }
    }

    async::Task<> ticks() {
        while (!closing_) {
            co_await world_.pause(Millis(250));
            const bool inside = co_await enter();
            if (!inside) co_return;
            co_await queue_->tick();
            leave();
        }
    }

    async::Task<> work(int number) {
        const WorkerId name = "w/" + std::to_string(number);
        while (!closing_) {
            ClaimQuery query;
            query.worker = name;
            query.count = static_cast<std::size_t>(1 + world_.draw(3));
            bool inside = co_await enter();
            if (!inside) co_return;
            auto jobs = co_await queue_->next(std::move(query), Millis(1'000));
            leave();
            if (!jobs) {
                co_await world_.pause(Millis(50));
                continue;
            }
            for (auto& job : *jobs)
                co_await attempt(std::move(job), name);
            if (jobs->empty()) co_await world_.pause(Millis(10));
        }
    }

    // One attempt: done well, given up, stalled beyond its lease, or dead.
    async::Task<> attempt(LeasedJob job, WorkerId name) {
        const LeaseRef lease = job.lease();
        if (job.job.state != JobState::Running) world_.broke("a lease of what does not run");
        const int nature = world_.faults ? world_.draw(100) : 50;
        if (nature < 8) co_return;  // dead
        if (nature < 16) {
            co_await world_.pause(Millis(2'000 + world_.draw(6'000)));  // stalled
        } else {
            co_await world_.pause(Millis(world_.draw(300)));
            bool inside = co_await enter();
            if (!inside) co_return;
            std::vector<LogLine> lines(2);
            co_await queue_->append_log(lease, std::move(lines));
            std::vector<LeaseRef> leases{lease};
            co_await queue_->heartbeat(name, std::move(leases));
            leave();
        }
        Outcome outcome;
        outcome.kind = world_.chance(70) ? Outcome::Kind::Succeeded : Outcome::Kind::Failed;
        if (world_.chance(5)) outcome.kind = Outcome::Kind::Released;
        for (int again = 0; again < 200; ++again) {
            bool inside = co_await enter();
            if (!inside) co_return;
            const auto fenced = was_fenced(lease);
            auto done = co_await queue_->finish(lease, outcome);
            leave();
            if (done && fenced) world_.broke("a call with an old token was accepted");
            if (done && world_.chance(90)) co_return;
            if (!done && done.error().code == ErrorCode::Conflict) co_return;
            co_await world_.pause(Millis(20 + world_.draw(100)));
        }
    }

    // Another attempt had begun before the call was made.
    bool was_fenced(const LeaseRef& lease) const {
        const auto row = world_.tables.rows.find(lease.job);
        return row == world_.tables.rows.end() || row->second.job.token != lease.token;
    }

    bool over() const {
        if (!submitted_all_ || !open_) return false;
        return std::all_of(world_.tables.rows.begin(), world_.tables.rows.end(),
                           [](const auto& row) { return is_final(row.second.job.state); });
    }

    void check_end() {
        for (const auto& [id, tenant] : acknowledged_) {
            if (!world_.tables.rows.contains(id)) {
                world_.broke("job " + id.to_string() + " was acknowledged and is lost");
            }
        }
        if (!world_.broken.empty() || over()) return;
        for (const auto& [id, row] : world_.tables.rows) {
            if (is_final(row.job.state)) continue;
            world_.broke("job " + id.to_string()
                         + " does not end: " + std::string(to_text(row.job.state)) + ", "
                         + std::to_string(row.job.open_dependencies) + " dependencies");
        }
    }

    SimWorld world_;
    SimJobStore store_;
    MemoryQueueStore queues_{world_.tables};
    MemoryJobLog logs_{world_.tables};
    MemoryArtifactIndex artifacts_{world_.tables};
    std::shared_ptr<Listener> listener_ = std::make_shared<Listener>(world_);
    std::unique_ptr<JobQueue> queue_;
    std::map<JobId, identity::Tenant> acknowledged_;
    bool submitted_all_ = false;
    bool open_ = false;
    bool closing_ = false;
    int uses_ = 0;
    int tasks_ = 0;
    int calm_ = 0;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(JobQueueSimulation, WhateverFailsTheRulesHold) {
    const auto first = number_from("ZS_SIM_SEED", std::random_device{}());
    const auto rounds =
        std::getenv("ZS_SIM_SEED") != nullptr ? 1 : number_from("ZS_SIM_ROUNDS", 15);
    for (std::uint64_t i = 0; i < rounds; ++i) {
        const auto seed = first + i;
        JobSimulation simulation(seed);
        const auto broken = simulation.run();
        for (const auto& rule : broken)
            ADD_FAILURE() << rule << "; repeat with ZS_SIM_SEED=" << seed;
        if (!broken.empty()) return;
    }
}

}  // namespace
}  // namespace zs::sim
