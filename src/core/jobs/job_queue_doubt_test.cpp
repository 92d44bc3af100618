#include "base/json.hpp"
#include "core/events/memory_event_bus.hpp"
#include "core/jobs/job_queue.hpp"
#include "core/jobs/memory_job_store.hpp"
#include "support/run_polled.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

// A store that does what it is told, and whose answer is lost on the way.
namespace zs::jobs {
namespace {

class LossyStore final : public MemoryJobStore {
public:
    using MemoryJobStore::MemoryJobStore;

    bool loses_next = false;

    async::Task<Result<std::vector<Result<Submitted>>>> add(std::vector<NewJob> jobs,
                                                            AddMode mode) override {
        auto answer = co_await MemoryJobStore::add(std::move(jobs), mode);
        if (is_lost()) co_return lost();
        co_return answer;
    }
    async::Task<Result<std::vector<LeasedJob>>> claim(ClaimQuery query) override {
        auto answer = co_await MemoryJobStore::claim(std::move(query));
        if (is_lost()) co_return lost();
        co_return answer;
    }
    async::Task<Result<std::vector<Result<Changes>>>> finish(
        std::vector<FinishedAttempt> attempts) override {
        auto answer = co_await MemoryJobStore::finish(std::move(attempts));
        if (is_lost()) co_return lost();
        co_return answer;
    }
    async::Task<Result<Changes>> steer(identity::Tenant tenant, JobId job, Steer steer,
                                       Timestamp now) override {
        auto answer = co_await MemoryJobStore::steer(std::move(tenant), job, steer, now);
        if (is_lost()) co_return lost();
        co_return answer;
    }
    async::Task<Result<Swept>> sweep(SweepQuery query) override {
        auto answer = co_await MemoryJobStore::sweep(std::move(query));
        if (is_lost()) co_return lost();
        co_return answer;
    }

private:
    bool is_lost() { return std::exchange(loses_next, false); }
    static Error lost() { return deadline_exceeded("the answer was lost"); }
};

class JobDoubtTest : public ::testing::Test {
protected:
    JobDoubtTest() {
        const QueuePorts ports{jobs_, queues_, logs_, artifacts_, bus_, clock_, monotonic_};
        queue_ = std::make_unique<JobQueue>(ports, QueueConfig(), loop_.get_executor());
        if (!run(queue_->start())) throw std::runtime_error("the queue does not start");
    }
    ~JobDoubtTest() override {
        queue_->stop();
        loop_.restart();
        loop_.poll();
        queue_->join_blocking();
    }
    template <class T>
    T run(async::Task<T> task) {
        return testing::run_polled(loop_, std::move(task));
    }
    // Twice: what the first look gives back is looked at by the second one.
    void look() {
        for (int i = 0; i < 2; ++i) {
            boost::asio::co_spawn(loop_, queue_->tick(), [](const std::exception_ptr&) {});
            loop_.restart();
            loop_.poll();
        }
    }
    NewJob job() {
        NewJob job;
        job.id = JobId::next(clock_);
        job.tenant = tenant_;
        job.spec.command = {"true"};
        return job;
    }
    JobId submit() {
        const auto one = job();
        EXPECT_TRUE(run(queue_->submit(one)));
        return one.id;
    }
    std::vector<LeasedJob> lease() {
        ClaimQuery query;
        query.worker = "w";
        auto leased = run(queue_->next(query, Millis(0)));
        return leased ? std::move(*leased) : std::vector<LeasedJob>();
    }
    void lose_next() { jobs_.loses_next = true; }
    static Outcome outcome(Outcome::Kind kind) {
        Outcome outcome;
        outcome.kind = kind;
        return outcome;
    }
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
            all += std::string(frame.at("data").at("status").as_string().c_str()) + " ";
        }
        return all;
    }

    boost::asio::io_context loop_;
    ManualClock clock_;
    ManualMonotonicClock monotonic_;
    identity::Tenant tenant_{"org", "live"};
    events::MemoryEventBus bus_{clock_};
    MemoryJobTables tables_;
    LossyStore jobs_{tables_};
    MemoryQueueStore queues_{tables_};
    MemoryJobLog logs_{tables_};
    MemoryArtifactIndex artifacts_{tables_};
    std::unique_ptr<JobQueue> queue_;
};

TEST_F(JobDoubtTest, ASubmitIsHeardOfOnceItIsKnown) {
    const auto one = job();
    lose_next();
    EXPECT_FALSE(run(queue_->submit(one)));
    EXPECT_EQ(told(one.id), "");
    look();
    EXPECT_EQ(told(one.id), "pending ");
    look();
    EXPECT_EQ(told(one.id), "pending ") << "once";
    EXPECT_EQ(lease().size(), 1U) << "and it runs";
}

TEST_F(JobDoubtTest, AnEndIsHeardOfWithWhatFollowsFromIt) {
    const auto id = submit();
    auto child = job();
    child.spec.depends_on = {{id.uuid(), DependsWhen::Succeeded}};
    ASSERT_TRUE(run(queue_->submit(child)));
    const auto leased = lease();
    ASSERT_EQ(leased.size(), 1U);
    lose_next();
    Outcome failed = outcome(Outcome::Kind::Failed);
    failed.retryable = false;
    failed.error = JobError{Failure::ExitNonzero, "exit 3", 3, std::nullopt};
    EXPECT_FALSE(run(queue_->finish(leased[0].lease(), failed)));
    EXPECT_EQ(told(id), "pending running ");
    look();
    EXPECT_EQ(told(id), "pending running failed ");
    EXPECT_EQ(told(child.id), "pending canceled ");
    // The worker asks again, as it should: nothing is told twice.
    EXPECT_TRUE(run(queue_->finish(leased[0].lease(), failed)));
    look();
    EXPECT_EQ(told(id), "pending running failed ");
    EXPECT_EQ(told(child.id), "pending canceled ");
}

TEST_F(JobDoubtTest, ARetryIsHeardOfAndComesAgain) {
    const auto id = submit();
    const auto leased = lease();
    lose_next();
    EXPECT_FALSE(run(queue_->finish(leased.at(0).lease(), outcome(Outcome::Kind::Failed))));
    look();
    EXPECT_EQ(told(id), "pending running retrying ");
    EXPECT_TRUE(run(queue_->finish(leased[0].lease(), outcome(Outcome::Kind::Failed))));
    look();
    EXPECT_EQ(told(id), "pending running retrying ");
}

TEST_F(JobDoubtTest, ACancelIsHeardOf) {
    const auto id = submit();
    lose_next();
    EXPECT_FALSE(run(queue_->cancel(tenant_, id)));
    look();
    EXPECT_EQ(told(id), "pending canceled ");
    EXPECT_TRUE(lease().empty());
}

TEST_F(JobDoubtTest, ACancelOfWhatRunsReachesItsWorker) {
    const auto id = submit();
    const auto leased = lease();
    std::vector<StopReason> stops;
    queue_->on_stop("w", [&](LeaseRef, StopReason reason) { stops.push_back(reason); });
    lose_next();
    EXPECT_FALSE(run(queue_->cancel(tenant_, id)));
    look();
    EXPECT_EQ(told(id), "pending running canceling ");
    EXPECT_EQ(stops, std::vector{StopReason::Cancel});
    EXPECT_TRUE(run(queue_->finish(leased.at(0).lease(), outcome(Outcome::Kind::Canceled))));
    look();
    EXPECT_EQ(told(id), "pending running canceling canceled ");
}

TEST_F(JobDoubtTest, ALeaseThatNobodyGotIsHeardOfAndGivenBack) {
    const auto id = submit();
    lose_next();
    EXPECT_TRUE(lease().empty());
    look();
    EXPECT_EQ(told(id), "pending running pending ");
    EXPECT_EQ(lease().size(), 1U);
    EXPECT_EQ(told(id), "pending running pending running ");
}

TEST_F(JobDoubtTest, ARedriveIsHeardOfWhenItHappenedAndNotOtherwise) {
    const auto id = submit();
    ASSERT_TRUE(run(queue_->cancel(tenant_, id)));
    lose_next();
    EXPECT_FALSE(run(queue_->retry(tenant_, id)));
    look();
    EXPECT_EQ(told(id), "pending canceled pending ");
    EXPECT_EQ(lease().size(), 1U);
}

TEST_F(JobDoubtTest, LostLeasesAreHeardOf) {
    const auto id = submit();
    ASSERT_EQ(lease().size(), 1U);
    clock_.advance(Millis(300'001));
    monotonic_.advance(Millis(300'001));
    lose_next();
    look();
    look();
    EXPECT_EQ(told(id), "pending running pending ");
    EXPECT_EQ(lease().size(), 1U);
}

}  // namespace
}  // namespace zs::jobs
