#include "core/jobs/job_queue.hpp"

#include "base/json.hpp"
#include "core/events/memory_event_bus.hpp"
#include "core/jobs/job_intake.hpp"
#include "core/jobs/limits.hpp"
#include "core/jobs/memory_job_store.hpp"
#include "core/jobs/memory_plan_stores.hpp"
#include "core/jobs/worker_pool.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

namespace zs::jobs {
namespace {

class WatchedStore final : public MemoryJobStore {
public:
    using MemoryJobStore::MemoryJobStore;
    async::Task<Result<std::vector<LeasedJob>>> claim(ClaimQuery query) override {
        before_claim();
        return MemoryJobStore::claim(std::move(query));
    }
    std::function<void()> before_claim = [] {};
};

// A queue over memory on one loop; clocks stand still until they are moved.
class JobQueueTest : public ::testing::Test {
protected:
    JobQueueTest() { open(); }
    ~JobQueueTest() override { shut(); }

    void open() {
        QueuePorts ports{jobs_, queues_, logs_, artifacts_, bus_, clock_, monotonic_};
        queue_ = std::make_unique<JobQueue>(ports, config_, loop_.get_executor());
        ASSERT_TRUE(run(queue_->start()));
    }
    void shut() {
        if (!queue_) return;
        queue_->stop();
        poll();
        queue_->join_blocking();
        queue_.reset();
    }
    void poll() {
        loop_.restart();
        loop_.poll();
    }
    template <class T>
    std::shared_ptr<std::optional<T>> begin(async::Task<T> task) {
        auto answer = std::make_shared<std::optional<T>>();
        boost::asio::co_spawn(loop_, std::move(task), [answer](std::exception_ptr error, T value) {
            if (error) std::rethrow_exception(error);
            answer->emplace(std::move(value));
        });
        poll();
        return answer;
    }
    template <class T>
    T run(async::Task<T> task) {
        auto answer = begin(std::move(task));
        if (!*answer) throw std::runtime_error("the call waits for something");
        return std::move(**answer);
    }
    void tick() {
        boost::asio::co_spawn(loop_, queue_->tick(), [](const std::exception_ptr&) {});
        poll();
    }
    void advance(Millis by) {
        clock_.advance(by);
        monotonic_.advance(by);
        tick();
    }
    void join(WorkerPool& pool) {
        std::atomic<bool> joined{false};
        std::thread joiner([&] {
            pool.join_blocking();
            joined = true;
        });
        while (!joined) {
            loop_.restart();
            loop_.run_for(Millis(5));
        }
        joiner.join();
    }
    NewJob job() {
        NewJob job;
        job.tenant = tenant_;
        job.spec.command = {"true"};
        return job;
    }
    JobId submit(NewJob job) {
        auto submitted = run(queue_->submit(std::move(job)));
        EXPECT_TRUE(submitted) << submitted.error().message;
        return submitted ? submitted->id : JobId();
    }
    static ClaimQuery query(std::size_t count = 10) {
        ClaimQuery query;
        query.worker = "w/1";
        query.count = count;
        return query;
    }
    std::vector<LeasedJob> next(std::size_t count = 10) {
        auto jobs = run(queue_->next(query(count), Millis(0)));
        EXPECT_TRUE(jobs);
        return jobs ? std::move(*jobs) : std::vector<LeasedJob>();
    }
    Job stored(JobId id) { return *run(queue_->find(tenant_, id)); }
    static Outcome outcome(Outcome::Kind kind) {
        Outcome outcome;
        outcome.kind = kind;
        return outcome;
    }
    // The statuses and log lines that were told of a job.
    std::string told(JobId id) {
        events::ReplayRequest request;
        events::TopicFilter filter;
        filter.family = events::TopicFamily::Jobs;
        filter.name = id.to_string();
        request.filters = {filter};
        request.until = ~std::uint64_t{0};
        std::string all;
        for (const auto& event : bus_.read(tenant_, request).events) {
            const auto frame = *parse_json(event->frame);
            const auto& data = frame.at("data").as_object();
            const char* field = data.contains("status") ? "status" : "line";
            if (data.contains("progress")) field = "event";
            all += std::string(data.at(field).as_string().c_str()) + " ";
        }
        return all;
    }

    boost::asio::io_context loop_;
    ManualClock clock_;
    ManualMonotonicClock monotonic_;
    identity::Tenant tenant_{"org", "live"};
    events::MemoryEventBus bus_{clock_};
    MemoryJobTables tables_;
    WatchedStore jobs_{tables_};
    MemoryQueueStore queues_{tables_};
    MemoryJobLog logs_{tables_};
    MemoryArtifactIndex artifacts_{tables_};
    QueueConfig config_;
    std::unique_ptr<JobQueue> queue_;
};

TEST_F(JobQueueTest, AJobGoesThroughItsLifeAndIsHeardOf) {
    const JobId id = submit(job());
    auto leased = next();
    ASSERT_EQ(leased.size(), 1U);
    std::vector<LogLine> lines(1);
    lines[0].bytes = "hello";
    ASSERT_TRUE(run(queue_->append_log(leased[0].lease(), lines)));
    ASSERT_TRUE(run(queue_->finish(leased[0].lease(), outcome(Outcome::Kind::Succeeded))));
    EXPECT_EQ(stored(id).state, JobState::Succeeded);
    EXPECT_EQ(told(id), "pending running hello succeeded ");
    ASSERT_TRUE(run(queue_->finish(leased[0].lease(), outcome(Outcome::Kind::Succeeded))));
    const auto other = run(queue_->finish(leased[0].lease(), outcome(Outcome::Kind::Released)));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().reason, "lease_lost");
}

TEST_F(JobQueueTest, AWorkerThatWaitsIsWokenAtOnce) {
    auto waiting = begin(queue_->next(query(), Millis(5'000)));
    EXPECT_FALSE(*waiting);
    submit(job());
    ASSERT_TRUE(*waiting);
    EXPECT_EQ((**waiting)->size(), 1U);
    auto idle = begin(queue_->next(query(), Millis(5'000)));
    advance(Millis(4'999));
    EXPECT_FALSE(*idle);
    advance(Millis(1));
    ASSERT_TRUE(*idle);
    EXPECT_TRUE((**idle)->empty());
}

TEST_F(JobQueueTest, AnExpiredLeaseGoesToAnotherAndTheOldOneIsFenced) {
    const JobId id = submit(job());
    const auto first = next();
    std::vector<LeaseRef> leases{first[0].lease()};
    advance(Millis(299'000));
    auto kept = run(queue_->heartbeat("w/1", leases));
    EXPECT_TRUE((*kept)[0].kept);
    EXPECT_LE((*kept)[0].lease, Millis(41'000)) << "not beyond timeout, grace and margin";
    advance(Millis(42'000));
    EXPECT_EQ(stored(id).state, JobState::Pending);
    EXPECT_FALSE((*run(queue_->heartbeat("w/1", leases)))[0].kept);
    const auto second = next();
    ASSERT_EQ(second.size(), 1U);
    EXPECT_EQ(run(queue_->finish(leases[0], outcome(Outcome::Kind::Succeeded))).error().reason,
              "lease_lost");
    EXPECT_TRUE(run(queue_->finish(second[0].lease(), outcome(Outcome::Kind::Succeeded))));
    EXPECT_EQ(told(id), "pending running pending running succeeded ");
}

TEST_F(JobQueueTest, ALeaseWhoseAnswerWasLostIsGivenBack) {
    const JobId id = submit(job());
    ClaimQuery lost = query(1);
    lost.candidates = {id};
    lost.lease = Millis(60'000);
    lost.now = clock_.now();
    ASSERT_EQ(run(jobs_.claim(lost))->size(), 1U);
    EXPECT_TRUE(next().empty()) << "the store has leased it already";
    tick();
    const auto leased = next();
    ASSERT_EQ(leased.size(), 1U) << "long before the lease that nobody has expires";
    EXPECT_EQ(leased[0].job.id, id);
}

TEST_F(JobQueueTest, AnEndWhoseAnswerWasLostFreesWhatWaitsForIt) {
    NewJob second = job();
    second.spec.depends_on.push_back({submit(job()).uuid(), DependsWhen::Succeeded});
    const JobId id = submit(std::move(second));
    const auto leased = next();
    ASSERT_EQ(leased.size(), 1U) << "the other waits for it";
    FinishedAttempt lost;
    lost.lease = leased[0].lease();
    lost.outcome = outcome(Outcome::Kind::Succeeded);
    lost.now = clock_.now();
    ASSERT_TRUE(run(jobs_.finish({lost})));
    EXPECT_TRUE(next().empty()) << "the queue has not heard of it";
    ASSERT_TRUE(run(queue_->finish(lost.lease, lost.outcome))) << "the worker asks again";
    tick();
    tick();
    const auto freed = next();
    ASSERT_EQ(freed.size(), 1U);
    EXPECT_EQ(freed[0].job.id, id);
}

TEST_F(JobQueueTest, AFailureIsRetriedAfterItsBackOff) {
    const JobId id = submit(job());
    ASSERT_TRUE(run(queue_->finish(next()[0].lease(), outcome(Outcome::Kind::Failed))));
    EXPECT_EQ(stored(id).state, JobState::Retrying);
    EXPECT_TRUE(next().empty());
    advance(Millis(499));
    EXPECT_TRUE(next().empty());
    EXPECT_EQ(run(queue_->why(tenant_, id))->reasons[0].rule, "backoff");
    advance(Millis(501));
    EXPECT_EQ(next().size(), 1U);
}

TEST_F(JobQueueTest, ACancelReachesTheWorkerAtOnce) {
    const JobId waiting = submit(job());
    EXPECT_EQ(*run(queue_->cancel(tenant_, waiting)), JobState::Canceled);
    EXPECT_TRUE(next().empty());
    EXPECT_EQ(run(queue_->cancel(tenant_, waiting)).error().reason, "job_finished");
    const JobId running = submit(job());
    const auto leased = next();
    StopReason told_reason = StopReason::None;
    queue_->on_stop("w/1", [&](LeaseRef, StopReason reason) { told_reason = reason; });
    EXPECT_EQ(*run(queue_->cancel(tenant_, running)), JobState::Running);
    EXPECT_EQ(*run(queue_->cancel(tenant_, running)), JobState::Running) << "twice is harmless";
    EXPECT_EQ(told_reason, StopReason::Cancel);
    std::vector<LeaseRef> leases{leased[0].lease()};
    EXPECT_TRUE((*run(queue_->heartbeat("w/1", leases)))[0].cancel);
    ASSERT_TRUE(run(queue_->finish(leases[0], outcome(Outcome::Kind::Canceled))));
    EXPECT_EQ(told(running), "pending running canceling canceled ");
    queue_->on_stop("w/1", {});
}

TEST_F(JobQueueTest, ARestartKeepsWhatWaitsAndWhatRuns) {
    const JobId first = submit(job());
    const auto leased = next();
    NewJob late = job();
    late.spec.run_at = clock_.now() + Seconds(60);
    const JobId delayed = submit(late);
    ASSERT_TRUE(run(queue_->set_paused(tenant_, true)));
    shut();
    open();
    const JobId third = submit(job());
    EXPECT_TRUE(next().empty()) << "the pause survived";
    ASSERT_TRUE(run(queue_->set_paused(tenant_, false)));
    EXPECT_EQ(next()[0].job.id, third);
    EXPECT_TRUE(run(queue_->finish(leased[0].lease(), outcome(Outcome::Kind::Succeeded))));
    EXPECT_EQ(stored(first).state, JobState::Succeeded);
    advance(Millis(60'000));
    EXPECT_EQ(next()[0].job.id, delayed);
}

TEST_F(JobQueueTest, FindWaitsForAChange) {
    const JobId id = submit(job());
    auto found = begin(queue_->find(tenant_, id, Millis(10'000)));
    EXPECT_FALSE(*found);
    next();
    ASSERT_TRUE(*found);
    EXPECT_EQ((**found)->state, JobState::Running);
    auto log = begin(queue_->read_log(tenant_, id, {}, Millis(10'000)));
    EXPECT_FALSE(*log);
    const auto lease = queue_->leases_of("w/1");
    ASSERT_EQ(lease.size(), 1U);
    ASSERT_TRUE(run(queue_->append_log(lease[0], std::vector<LogLine>(1))));
    ASSERT_TRUE(*log);
    EXPECT_EQ((**log)->size(), 1U);
}

TEST_F(JobQueueTest, AFullQueueRefuses) {
    shut();
    config_.pending_max = 2;
    open();
    submit(job());
    submit(job());
    auto third = run(queue_->submit(job()));
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().reason, "quota_exceeded");
    ASSERT_EQ(next(1).size(), 1U);
    EXPECT_TRUE(run(queue_->submit(job())));
}

TEST_F(JobQueueTest, WhyNamesTheRule) {
    NewJob limited = job();
    limited.spec.concurrency = ConcurrencyLimit{"db", 1};
    const JobId holder = submit(limited);
    const JobId blocked = submit(limited);
    ASSERT_EQ(next().size(), 1U);
    const auto why = run(queue_->why(tenant_, blocked));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->waiting, Waiting::Concurrency);
    ASSERT_GE(why->reasons.size(), 1U);
    EXPECT_EQ(why->reasons[0].rule, "concurrency");
    EXPECT_EQ(why->reasons[0].held_by, std::vector<JobId>{holder});
    EXPECT_EQ(why->reasons.back().rule, "worker") << "and nobody is registered who could";
}

TEST_F(JobQueueTest, ABatchRefersToItsMembers) {
    MemoryTemplateStore templates;
    JobIntake intake(*queue_, templates, clock_);
    const auto object = [](const char* text) { return parse_json(text)->get_object(); };
    Submitter who;
    who.tenant = tenant_;
    std::vector<boost::json::object> specs{object(R"({"command":["b"],"depends_on":["@first"]})"),
                                           object(R"({"command":["a"],"ref":"first"})"),
                                           object(R"({"command":"x"})")};
    auto answers = run(intake.submit_many(who, specs, AddMode::EachAlone));
    ASSERT_TRUE(answers) << answers.error().message;
    ASSERT_TRUE((*answers)[0]) << (*answers)[0].error().message;
    ASSERT_TRUE((*answers)[1]);
    EXPECT_FALSE((*answers)[2]);
    const auto leased = next();
    ASSERT_EQ(leased.size(), 1U);
    EXPECT_EQ(leased[0].job.id, (*answers)[1]->id);
    ASSERT_TRUE(run(queue_->finish(leased[0].lease(), outcome(Outcome::Kind::Succeeded))));
    EXPECT_EQ(next()[0].job.id, (*answers)[0]->id);
    std::vector<boost::json::object> circle{
        object(R"({"command":["b"],"ref":"b","depends_on":["@a"]})"),
        object(R"({"command":["a"],"ref":"a","depends_on":["@b"]})")};
    EXPECT_EQ(run(intake.submit_many(who, circle, AddMode::AllOrNone)).error().reason,
              "dependency_cycle");
}

// Runs jobs of any kind at once; counts them.
class Counting final : public Worker {
public:
    std::vector<std::string> kinds() const override { return {"process"}; }
    SandboxTier sandbox() const override { return SandboxTier::L0; }
    async::Task<Outcome> run(LeasedJob, EventSink&, StopSignal&) override {
        ++ran;
        Outcome done;
        co_return done;
    }
    async::Task<Result<std::vector<LeaseRef>>> surviving() override {
        co_return std::vector<LeaseRef>();
    }
    std::atomic<int> ran{0};
};

TEST_F(JobQueueTest, APoolDrainsTheQueueAndThenItself) {
    constexpr int kJobs = 2'000;
    for (int i = 0; i < kJobs; ++i)
        submit(job());
    Counting worker;
    WorkerPoolConfig config;
    config.id = "pool/1";
    config.slots = 32;
    WorkerPool pool(*queue_, worker, config, loop_.get_executor());
    ASSERT_TRUE(run(pool.start()));
    while (worker.ran < kJobs || pool.busy() > 0) {
        loop_.restart();
        loop_.run_one();
    }
    pool.drain();
    queue_->drain();
    join(pool);
    EXPECT_EQ(worker.ran, kJobs);
    EXPECT_EQ(run(queue_->stats(tenant_))->counts.succeeded, std::uint64_t{kJobs});
}

TEST_F(JobQueueTest, AWithdrawnWorkerGetsNothingAndWaitsForNothing) {
    const auto waiting = begin(queue_->next(query(), Millis(1'000)));
    auto other = query();
    other.worker = "w/2";
    const auto stays = begin(queue_->next(other, Millis(1'000)));
    queue_->withdraw("w/1");
    poll();
    ASSERT_TRUE(*waiting);
    EXPECT_TRUE(waiting->value()->empty());
    EXPECT_FALSE(*stays);
    const auto first = submit(job());
    poll();
    ASSERT_TRUE(*stays);
    ASSERT_EQ(stays->value()->size(), 1U);
    EXPECT_EQ(stays->value()->front().job.id, first);
    submit(job());
    EXPECT_TRUE(next().empty());
}

TEST_F(JobQueueTest, ADrainingPoolTakesNothingMore) {
    Counting worker;
    WorkerPoolConfig config;
    config.id = "pool/1";
    WorkerPool pool(*queue_, worker, config, loop_.get_executor());
    ASSERT_TRUE(run(pool.start()));
    pool.drain();
    const auto id = submit(job());
    join(pool);
    EXPECT_EQ(worker.ran, 0);
    EXPECT_EQ(stored(id).state, JobState::Pending);
    EXPECT_EQ(stored(id).counters.attempt, 0U);
}

TEST_F(JobQueueTest, WhatAPoolIsGivenWhileItBeginsToDrainItGivesBack) {
    Counting worker;
    WorkerPoolConfig config;
    config.id = "pool/1";
    WorkerPool pool(*queue_, worker, config, loop_.get_executor());
    const auto id = submit(job());
    jobs_.before_claim = [&] { pool.drain(); };
    ASSERT_TRUE(run(pool.start()));
    join(pool);
    EXPECT_EQ(worker.ran, 0);
    jobs_.before_claim = [] {};
    const Job given_back = stored(id);
    EXPECT_EQ(given_back.state, JobState::Pending);
    EXPECT_EQ(given_back.counters.attempt, 1U);
    EXPECT_EQ(given_back.counters.retry_count, 0U);
    EXPECT_EQ(given_back.counters.lost_leases, 0U);
    EXPECT_EQ(next().size(), 1U);
}

}  // namespace
}  // namespace zs::jobs
