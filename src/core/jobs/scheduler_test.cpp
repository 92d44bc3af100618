#include "core/jobs/scheduler.hpp"

#include "base/json.hpp"
#include "core/events/memory_event_bus.hpp"
#include "core/jobs/memory_job_store.hpp"
#include "core/jobs/memory_plan_stores.hpp"
#include "core/jobs/two_zones.hpp"
#include "support/run_polled.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>

namespace zs::jobs {
namespace {

Timestamp at(const std::string& text) {
    return *from_rfc3339(text);
}

// Counts how often the list of active schedules is read.
class CountedSchedules final : public ScheduleStore {
public:
    async::Task<Result<void>> add(JobSchedule one) override { return memory_.add(std::move(one)); }
    async::Task<Result<void>> replace(JobSchedule one) override {
        return memory_.replace(std::move(one));
    }
    async::Task<Result<void>> remove(identity::Tenant tenant, ScheduleId id) override {
        return memory_.remove(std::move(tenant), id);
    }
    async::Task<Result<std::optional<JobSchedule>>> find(identity::Tenant tenant,
                                                         ScheduleId id) override {
        return memory_.find(std::move(tenant), id);
    }
    async::Task<Result<std::vector<JobSchedule>>> list(identity::Tenant tenant,
                                                       std::optional<ScheduleId> after,
                                                       std::size_t limit) override {
        return memory_.list(std::move(tenant), after, limit);
    }
    async::Task<Result<std::vector<JobSchedule>>> active(std::optional<ScheduleId> after,
                                                         std::size_t limit) override {
        ++reads;
        return memory_.active(after, limit);
    }
    async::Task<Result<bool>> advance(ScheduleProgress progress) override {
        return memory_.advance(std::move(progress));
    }

    int reads = 0;

private:
    MemoryScheduleStore memory_;
};

// Schedules over memory; the clock stands still until it is moved.
class SchedulerTest : public ::testing::Test {
protected:
    // What one server consists of; several share the stores.
    struct Server {
        explicit Server(SchedulerTest& test)
            : loop(test.loop_),
              queue({test.jobs_, test.queues_, test.logs_, test.artifacts_, test.bus_, test.clock_,
                     test.monotonic_},
                    {}, test.loop_.get_executor()),
              intake(queue, test.templates_, test.clock_),
              scheduler(test.schedules_, intake, queue, test.zones_, test.clock_,
                        test.loop_.get_executor()) {}
        ~Server() {
            queue.stop();
            loop.restart();
            loop.poll();
            queue.join_blocking();
        }
        boost::asio::io_context& loop;
        JobQueue queue;
        JobIntake intake;
        Scheduler scheduler;
    };

    void SetUp() override { server_ = std::make_unique<Server>(*this); }

    template <class T>
    T run(async::Task<T> task) {
        return testing::run_polled(loop_, std::move(task));
    }
    void tick() { run(server_->scheduler.tick()); }
    void set_clock(const std::string& text) { clock_.advance(at(text) - clock_.now()); }
    // Second by second, as it does by itself.
    void pass_until(const std::string& text, Seconds step = Seconds(1)) {
        while (clock_.now() < at(text)) {
            clock_.advance(step);
            tick();
        }
    }
    ScheduleId add(const std::string& fields, const std::string& name = "s") {
        Submitter who;
        who.tenant = tenant_;
        who.user_id = creator_;
        const auto text =
            R"({"spec":{"command":["true"]},"name":")" + name + R"(",)" + fields + "}";
        auto json = *parse_json(text);
        auto made = run(server_->scheduler.create(who, std::move(json.as_object())));
        if (!made) throw std::runtime_error(made.error().message);
        return made->schedule.id;
    }
    // The times of all jobs of a schedule, sorted: when they were submitted.
    std::vector<std::string> fired() {
        const std::lock_guard lock(tables_.mutex);
        std::vector<std::string> times;
        for (const auto& [key, row] : tables_.rows) {
            if (row.nominal_time) times.push_back(to_rfc3339(*row.nominal_time).substr(0, 16));
        }
        std::sort(times.begin(), times.end());
        return times;
    }
    std::vector<Job> jobs() {
        JobFilter filter;
        filter.ascending = true;
        return *run(jobs_.list(tenant_, filter));
    }
    void finish_all() {
        ClaimQuery query;
        query.worker = "w";
        query.count = 1000;
        for (auto& leased : *run(server_->queue.next(query, Millis(0))))
            ASSERT_TRUE(run(server_->queue.finish(leased.lease(), Outcome())));
    }
    JobSchedule stored(ScheduleId id) { return **run(schedules_.find(tenant_, id)); }

    boost::asio::io_context loop_;
    ManualClock clock_{at("2026-01-01T00:00:30Z")};
    ManualMonotonicClock monotonic_;
    identity::Tenant tenant_{"org", "live"};
    identity::UserId creator_ = identity::UserId::next(clock_);
    events::MemoryEventBus bus_{clock_};
    TwoZones zones_;
    MemoryJobTables tables_;
    MemoryJobStore jobs_{tables_};
    MemoryQueueStore queues_{tables_};
    MemoryJobLog logs_{tables_};
    MemoryArtifactIndex artifacts_{tables_};
    MemoryTemplateStore templates_;
    CountedSchedules schedules_;
    std::unique_ptr<Server> server_;
};

// Who asks, and what they hear.
struct Creators {
    async::Task<Result<CreatorRights>> look_up(identity::UserId user) {
        asked.insert(user);
        CreatorRights rights;
        rights.may_submit = may_submit;
        co_return rights;
    }
    bool may_submit = true;
    std::set<identity::UserId> asked;
};

using Times = std::vector<std::string>;

TEST_F(SchedulerTest, EachDueTimeFiresOnceHoweverManyServersLook) {
    add(R"("cron_expression":"*/5 * * * *","overlap":"allow")");
    Server second(*this);
    for (int i = 0; i < 700; ++i) {
        clock_.advance(Seconds(1));
        tick();
        run(second.scheduler.tick());
    }
    EXPECT_EQ(fired(), (Times{"2026-01-01T00:05", "2026-01-01T00:10"}));
}

TEST_F(SchedulerTest, AJobTellsWhichDueTimeItIsFor) {
    add(R"("cron_expression":"*/5 * * * *")");
    pass_until("2026-01-01T00:05:30Z");
    const auto all = jobs();
    ASSERT_EQ(all.size(), 1U);
    const auto& told = all[0].spec.metadata.at("nominal_time").as_string();
    EXPECT_TRUE(at(told.c_str()) == at("2026-01-01T00:05:00Z")) << told.c_str();
}

TEST_F(SchedulerTest, TheListIsNotReadEverySecond) {
    add(R"("cron_expression":"0 0 * * *")");
    tick();
    schedules_.reads = 0;
    pass_until("2026-01-01T00:05:30Z");
    EXPECT_LE(schedules_.reads, 31) << "in 300 seconds";
    EXPECT_GE(schedules_.reads, 20) << "others' changes are seen";
    const int before = schedules_.reads;
    add(R"("cron_expression":"* * * * *")", "b");
    tick();
    EXPECT_EQ(schedules_.reads, before + 1) << "a change of this server is seen at once";
}

TEST_F(SchedulerTest, WhatAnotherServerRemovedOrPausedDoesNotFire) {
    const auto gone = add(R"("cron_expression":"1 0 * * *")");
    const auto paused = add(R"("cron_expression":"1 0 * * *")", "b");
    set_clock("2026-01-01T00:00:55Z");
    tick();  // the list is still believed when they are due
    // Behind this server's back.
    ASSERT_TRUE(run(schedules_.remove(tenant_, gone)));
    auto schedule = stored(paused);
    schedule.is_active = false;
    ASSERT_TRUE(run(schedules_.replace(schedule)));
    set_clock("2026-01-01T00:01:00Z");
    tick();
    EXPECT_EQ(fired(), Times());
}

TEST_F(SchedulerTest, ClocksThatJumpForwardSkipNothingOfAFixedHour) {
    set_clock("2026-03-28T00:00:00Z");
    add(R"("cron_expression":"30 2 * * *","timezone":"Europe/Berlin","overlap":"allow")");
    pass_until("2026-03-31T00:00:00Z", Seconds(30));
    // 02:30 does not exist on the 29th: it is due when the gap ends, at 03:00 = 01:00 UTC.
    EXPECT_EQ(fired(), (Times{"2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"}));
}

TEST_F(SchedulerTest, AnHourThatComesTwiceFiresOnceButAnIntervalGoesOn) {
    set_clock("2026-10-24T22:00:00Z");
    add(R"("cron_expression":"30 2 * * *","timezone":"Europe/Berlin","overlap":"allow")");
    pass_until("2026-10-25T04:00:00Z", Seconds(30));
    EXPECT_EQ(fired(), (Times{"2026-10-25T00:30"}));
    add(R"("cron_expression":"0 * * * *","timezone":"Europe/Berlin","overlap":"allow")", "b");
    set_clock("2026-10-24T23:59:30Z");
    tick();
    EXPECT_EQ(fired().size(), 1U) << "a clock that goes back fires nothing again";
}

TEST_F(SchedulerTest, AClockThatJumpsBackFiresNothingAgain) {
    add(R"("cron_expression":"* * * * *","overlap":"allow")");
    pass_until("2026-01-01T00:05:30Z");
    const auto before = fired();
    EXPECT_EQ(before.size(), 5U);
    set_clock("2026-01-01T00:02:30Z");
    pass_until("2026-01-01T00:05:30Z");
    EXPECT_EQ(fired(), before);
    pass_until("2026-01-01T00:06:30Z");
    EXPECT_EQ(fired().size(), 6U);
}

TEST_F(SchedulerTest, MissedTimesCountAsTheScheduleSays) {
    add(R"("cron_expression":"0 * * * *","overlap":"allow","catchup":"none")");
    set_clock("2026-01-01T05:30:00Z");
    tick();
    EXPECT_EQ(fired(), Times());
}

TEST_F(SchedulerTest, TheLatestOfTheMissedTimesFires) {
    add(R"("cron_expression":"0 * * * *","overlap":"allow","catchup":"latest",
          "catchup_window_secs":86400)");
    set_clock("2026-01-01T05:30:00Z");
    tick();
    tick();
    EXPECT_EQ(fired(), (Times{"2026-01-01T05:00"}));
}

TEST_F(SchedulerTest, AllMissedTimesOfTheWindowFire) {
    add(R"("cron_expression":"0 * * * *","overlap":"allow","catchup":"all",
          "catchup_window_secs":10800)");
    set_clock("2026-01-01T05:30:00Z");
    tick();
    tick();
    EXPECT_EQ(fired(), (Times{"2026-01-01T03:00", "2026-01-01T04:00", "2026-01-01T05:00"}));
}

TEST_F(SchedulerTest, SkipLeavesOutWhatComesWhileTheLastOneRuns) {
    add(R"("cron_expression":"* * * * *")");
    pass_until("2026-01-01T00:03:30Z");
    EXPECT_EQ(fired(), (Times{"2026-01-01T00:01"}));
    finish_all();
    pass_until("2026-01-01T00:04:30Z");
    EXPECT_EQ(fired(), (Times{"2026-01-01T00:01", "2026-01-01T00:04"}));
}

TEST_F(SchedulerTest, QueuedOnesRunOneBehindTheOther) {
    add(R"("cron_expression":"* * * * *","overlap":"queue")");
    pass_until("2026-01-01T00:03:30Z");
    const auto all = jobs();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].open_dependencies, 0U);
    EXPECT_EQ(all[1].open_dependencies, 1U);
    EXPECT_EQ(all[2].open_dependencies, 1U);
    finish_all();
    EXPECT_EQ(jobs()[1].open_dependencies, 0U);
    EXPECT_EQ(jobs()[2].open_dependencies, 1U);
}

TEST_F(SchedulerTest, ReplaceCancelsTheLastOne) {
    add(R"("cron_expression":"* * * * *","overlap":"replace")");
    pass_until("2026-01-01T00:02:30Z");
    const auto all = jobs();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].state, JobState::Canceled);
    EXPECT_EQ(all[1].state, JobState::Pending);
}

TEST_F(SchedulerTest, SkipCountsTheJobThatAnotherServerStarted) {
    add(R"("cron_expression":"*/5 * * * * *")");
    Server second(*this);
    set_clock("2026-01-01T00:00:31Z");
    run(second.scheduler.tick());
    // What the second one has read is older than the first one's job, and still believed.
    set_clock("2026-01-01T00:00:35Z");
    tick();
    EXPECT_EQ(fired().size(), 1U);
    set_clock("2026-01-01T00:00:40Z");
    run(second.scheduler.tick());
    EXPECT_EQ(fired().size(), 1U);
}

TEST_F(SchedulerTest, JitterIsTheSameForEverybodyAndKeepsTheTimeApart) {
    const auto id = add(R"("cron_expression":"0 * * * *","overlap":"allow","jitter_secs":600)");
    pass_until("2026-01-01T01:10:00Z");
    EXPECT_EQ(fired(), (Times{"2026-01-01T01:00"}));
    EXPECT_GE(*stored(id).last_run_at, at("2026-01-01T01:00:00Z"));
}

TEST_F(SchedulerTest, StartAndEndAreKept) {
    add(R"("cron_expression":"* * * * *","overlap":"allow","start_at":"2026-01-01T00:03:00Z",
          "end_at":"2026-01-01T00:05:00Z")");
    pass_until("2026-01-01T00:08:00Z");
    EXPECT_EQ(fired(), (Times{"2026-01-01T00:03", "2026-01-01T00:04"}));
}

TEST_F(SchedulerTest, TheRightsOfItsCreatorAreThoseOfTheMomentItFires) {
    Creators creators;
    server_->scheduler.ask_rights(
        [&creators](identity::Tenant, identity::UserId user) { return creators.look_up(user); });
    const auto id = add(R"("cron_expression":"* * * * *","overlap":"allow")");
    pass_until("2026-01-01T00:01:30Z");
    EXPECT_EQ(fired().size(), 1U);
    EXPECT_EQ(creators.asked, std::set{creator_});
    creators.may_submit = false;
    pass_until("2026-01-01T00:03:30Z");
    EXPECT_EQ(fired().size(), 1U);
    EXPECT_NE(stored(id).last_error.find("creator"), std::string::npos) << stored(id).last_error;
    creators.may_submit = true;
    pass_until("2026-01-01T00:04:30Z");
    EXPECT_EQ(fired(), (Times{"2026-01-01T00:01", "2026-01-01T00:04"}));
    EXPECT_EQ(stored(id).last_error, "");
}

TEST_F(SchedulerTest, APauseKeepsTheMarkMoving) {
    const auto id = add(R"("cron_expression":"* * * * *","overlap":"allow","catchup":"all")");
    const auto change = [&](bool is_active) {
        Submitter who;
        who.tenant = tenant_;
        who.user_id = creator_;
        const std::string active = is_active ? "true" : "false";
        auto json = *parse_json(R"({"name":"s","spec":{"command":["true"]},"catchup":"all",
            "cron_expression":"* * * * *","overlap":"allow","is_active":)"
                                + active + "}");
        ASSERT_TRUE(run(server_->scheduler.replace(who, id, std::move(json.as_object()))));
    };
    change(false);
    pass_until("2026-01-01T00:05:30Z");
    change(true);
    pass_until("2026-01-01T00:06:30Z");
    EXPECT_EQ(fired(), (Times{"2026-01-01T00:06"})) << "what passed in the pause is not caught up";
}

}  // namespace
}  // namespace zs::jobs
