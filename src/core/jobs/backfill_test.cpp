#include "base/json.hpp"
#include "core/events/memory_event_bus.hpp"
#include "core/jobs/backfiller.hpp"
#include "core/jobs/memory_backfill_store.hpp"
#include "core/jobs/memory_job_store.hpp"
#include "core/jobs/memory_plan_stores.hpp"
#include "core/jobs/two_zones.hpp"
#include "support/run_polled.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace zs::jobs {
namespace {

Timestamp at(const std::string& text) {
    return *from_rfc3339(text);
}

// Does not save while it is told so, as if the process had died before; lets somebody else in
// before or after a save.
class FailingBackfills final : public BackfillStore {
public:
    explicit FailingBackfills(BackfillStore& inner) : inner_(inner) {}
    async::Task<Result<void>> add(Backfill one, std::size_t unfinished_max) override {
        return inner_.add(std::move(one), unfinished_max);
    }
    async::Task<Result<bool>> save(Backfill one) override {
        const bool is_met = meets_in-- == 0 && meet;
        if (is_met && meeting == Meeting::Before) co_await std::exchange(meet, nullptr)();
        if (saves_left == 0) co_return unavailable("the disk is gone");
        if (saves_left > 0) --saves_left;
        const auto saved = co_await inner_.save(std::move(one));
        if (!is_met || meeting == Meeting::Before) co_return saved;
        if (meeting == Meeting::AfterAndLost) saves_left = 0;
        co_await std::exchange(meet, nullptr)();
        saves_left = -1;
        co_return saved;
    }
    async::Task<Result<std::optional<Backfill>>> find(identity::Tenant tenant, ScheduleId schedule,
                                                      BackfillId id) override {
        return inner_.find(std::move(tenant), schedule, id);
    }
    async::Task<Result<std::vector<Backfill>>> list(identity::Tenant tenant, ScheduleId schedule,
                                                    std::optional<BackfillId> after,
                                                    std::size_t limit) override {
        return inner_.list(std::move(tenant), schedule, after, limit);
    }
    async::Task<Result<std::vector<Backfill>>> unsettled(std::optional<BackfillId> after,
                                                         std::size_t limit) override {
        return inner_.unsettled(after, limit);
    }

    int saves_left = -1;  // -1: all
    int meets_in = -1;
    // AfterAndLost: who comes then cannot save what it did.
    enum class Meeting : std::uint8_t { Before, After, AfterAndLost };
    Meeting meeting = Meeting::Before;
    std::function<async::Task<Millis>()> meet;

private:
    BackfillStore& inner_;
};

// Who asks, and what they hear.
struct Creators {
    async::Task<Result<CreatorRights>> look_up(identity::UserId user) {
        CreatorRights rights;
        rights.may_submit = user != without;
        co_return rights;
    }
    std::optional<identity::UserId> without;
};

using Times = std::vector<std::string>;

// Back-fills over memory. It is noon of the 10th of January; a look passes when tick() is called.
class BackfillTest : public ::testing::Test {
protected:
    // What one server consists of; several share the stores.
    struct Server {
        explicit Server(BackfillTest& test, QueueConfig config = {})
            : loop(test.loop_),
              queue({test.jobs_, test.queues_, test.logs_, test.artifacts_, test.bus_, test.clock_,
                     test.monotonic_},
                    std::move(config), test.loop_.get_executor()),
              intake(queue, test.templates_, test.clock_),
              scheduler(test.schedules_, intake, queue, test.zones_, test.clock_,
                        test.loop_.get_executor()),
              backfiller(
                  {test.backfills_, test.schedules_, intake, queue, test.zones_, test.clock_},
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
        Backfiller backfiller;
    };

    void SetUp() override { server_ = std::make_unique<Server>(*this); }
    void restart(QueueConfig config = {}) {
        server_.reset();
        server_ = std::make_unique<Server>(*this, std::move(config));
        ASSERT_TRUE(run(server_->queue.start()));
    }

    template <class T>
    T run(async::Task<T> task) {
        return testing::run_polled(loop_, std::move(task));
    }
    Submitter who() const {
        Submitter who;
        who.tenant = tenant_;
        who.user_id = creator_;
        return who;
    }
    void tick() { run(server_->backfiller.tick()); }
    ScheduleId schedule(const std::string& fields,
                        const std::string& spec = R"({"command":["true"]})") {
        auto json =
            *parse_json(R"({"name":"s","is_active":false,"spec":)" + spec + "," + fields + "}");
        auto made = run(server_->scheduler.create(who(), std::move(json.as_object())));
        if (!made) throw std::runtime_error(made.error().message);
        return made->schedule.id;
    }
    ScheduleId hourly() { return schedule(R"("cron_expression":"0 * * * *")"); }
    Result<Backfill> ask(ScheduleId id, const std::string& from, const std::string& to,
                         const std::string& more = "") {
        auto json = *parse_json(R"({"from":")" + from + R"(","to":")" + to + "\"" + more + "}");
        auto made = run(server_->backfiller.create(who(), id, std::move(json.as_object())));
        if (made) last_ = *made;
        return made;
    }
    // Of some hours of the 1st, each with a due time.
    BackfillId fill(ScheduleId id, int hours, int parallel) {
        char to[32];
        std::snprintf(to, sizeof to, "2026-01-%02dT%02d:00:00Z", 1 + hours / 24, hours % 24);
        const auto made =
            ask(id, "2026-01-01T00:00:00Z", to, R"(,"parallel":)" + std::to_string(parallel));
        if (!made) throw std::runtime_error(made.error().message);
        return made->id;
    }
    Backfill now() { return *run(server_->backfiller.find(tenant_, last_.schedule, last_.id)); }
    Result<Backfill> change(const std::string& text) {
        auto json = *parse_json(text);
        return run(server_->backfiller.change(tenant_, last_.schedule, last_.id,
                                              std::move(json.as_object())));
    }
    Result<Backfill> cancel() {
        return run(server_->backfiller.cancel(tenant_, last_.schedule, last_.id));
    }
    // The nominal times of all jobs, in the order in which they were submitted.
    Times fired() {
        Times times;
        const std::lock_guard lock(tables_.mutex);
        for (const auto& [id, row] : tables_.rows)
            times.push_back(to_rfc3339(*row.nominal_time).substr(0, 16));
        return times;
    }
    std::size_t unfinished() {
        const std::lock_guard lock(tables_.mutex);
        return static_cast<std::size_t>(
            std::count_if(tables_.rows.begin(), tables_.rows.end(),
                          [](const auto& entry) { return !is_final(entry.second.job.state); }));
    }
    void finish_on(Server& server, std::size_t count) {
        ClaimQuery query;
        query.worker = "w";
        query.count = count;
        for (auto& leased : *run(server.queue.next(query, Millis(0))))
            ASSERT_TRUE(run(server.queue.finish(leased.lease(), Outcome())));
    }
    void finish(std::size_t count) { finish_on(*server_, count); }
    // Looks and ends jobs until it is over; answers the most that were unfinished at once.
    std::size_t carry_on(std::size_t finished_per_look = 1000) {
        std::size_t most = 0;
        for (int i = 0; i < 1000 && !is_final(now().state); ++i) {
            tick();
            most = std::max(most, unfinished());
            finish(finished_per_look);
        }
        EXPECT_TRUE(is_final(now().state));
        return most;
    }

    boost::asio::io_context loop_;
    ManualClock clock_{at("2026-01-10T12:00:00Z")};
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
    MemoryScheduleStore schedules_;
    MemoryBackfillStore memory_{schedules_};
    FailingBackfills backfills_{memory_};
    Backfill last_;
    std::unique_ptr<Server> server_;
};

TEST_F(BackfillTest, EachDueTimeOfTheRangeIsSubmittedOldestFirst) {
    const auto id = hourly();
    ASSERT_TRUE(ask(id, "2026-01-01T00:00:00Z", "2026-01-01T04:00:00Z"));
    EXPECT_EQ(last_.total, 4U);
    EXPECT_EQ(last_.position, at("2026-01-01T00:00:00Z"));
    EXPECT_EQ(carry_on(), 1U) << "one at a time, unless it is asked for more";
    EXPECT_EQ(fired(), (Times{"2026-01-01T00:00", "2026-01-01T01:00", "2026-01-01T02:00",
                              "2026-01-01T03:00"}));
    const auto done = now();
    EXPECT_EQ(done.state, BackfillState::Done);
    EXPECT_EQ(done.submitted, 4U);
    EXPECT_EQ(done.skipped, 0U);
    EXPECT_FALSE(done.position.has_value());
    EXPECT_EQ(done.finished_at, clock_.now());
}

TEST_F(BackfillTest, TheJobsTellWhichDueTimeTheyAreFor) {
    fill(hourly(), 1, 1);
    tick();
    const auto jobs = *run(jobs_.list(tenant_, JobFilter()));
    ASSERT_EQ(jobs.size(), 1U);
    EXPECT_EQ(jobs[0].schedule_id, last_.schedule);
    EXPECT_EQ(jobs[0].submitted_by, creator_);
    const auto& told = jobs[0].spec.metadata.at("nominal_time").as_string();
    EXPECT_TRUE(at(told.c_str()) == at("2026-01-01T00:00:00Z")) << told.c_str();
    EXPECT_EQ(jobs[0].spec.metadata.at("backfill_id").as_string().c_str(), last_.id.to_string());
}

TEST_F(BackfillTest, NeverMoreThanItsOwnLimitAreUnfinished) {
    const auto id = schedule(R"("cron_expression":"0 * * * *","overlap":"skip")");
    fill(id, 24, 3);
    EXPECT_EQ(carry_on(2), 3U);
    EXPECT_EQ(fired().size(), 24U);
    fill(hourly(), 24, 2);
    tick();
    EXPECT_EQ(unfinished(), 2U);
    ASSERT_TRUE(change(R"({"parallel":5})"));
    tick();
    EXPECT_EQ(unfinished(), 5U);
    ASSERT_TRUE(change(R"({"parallel":1})"));
    finish(4);
    tick();
    EXPECT_EQ(unfinished(), 1U) << "as many as were left, and no new one";
    EXPECT_EQ(now().open.size(), 1U);
    carry_on();
    EXPECT_EQ(now().submitted, 24U);
}

TEST_F(BackfillTest, APauseSubmitsNothing) {
    fill(hourly(), 10, 2);
    tick();
    ASSERT_TRUE(change(R"({"paused":true})"));
    finish(2);
    tick();
    tick();
    EXPECT_EQ(fired().size(), 2U);
    EXPECT_EQ(now().open.size(), 0U) << "what ended is seen all the same";
    EXPECT_EQ(now().state, BackfillState::Paused);
    ASSERT_TRUE(change(R"({"paused":false})"));
    carry_on();
    EXPECT_EQ(fired().size(), 10U);
    EXPECT_EQ(change(R"({"paused":true})").error().reason, "backfill_finished");
}

TEST_F(BackfillTest, CancelKeepsItsJobs) {
    fill(hourly(), 10, 2);
    tick();
    ASSERT_TRUE(cancel());
    EXPECT_EQ(now().state, BackfillState::Canceled);
    tick();
    EXPECT_EQ(unfinished(), 2U);
    finish(2);
    tick();
    tick();
    EXPECT_EQ(fired().size(), 2U);
    EXPECT_EQ(now().submitted, 2U);
    EXPECT_TRUE(now().open.empty());
    EXPECT_TRUE(cancel()) << "once more changes nothing";
    EXPECT_EQ(change(R"({"paused":false})").error().reason, "backfill_finished");
}

TEST_F(BackfillTest, ARestartLosesAndRepeatsNothing) {
    fill(hourly(), 20, 3);
    for (int i = 0; i < 3; ++i) {
        tick();
        finish(1);
    }
    restart();
    EXPECT_LE(carry_on(1), 3U);
    EXPECT_EQ(fired().size(), 20U);
    EXPECT_EQ(now().submitted, 20U);
}

// It dies after each number of saves that can be; the next one goes on.
TEST_F(BackfillTest, WhereverItDiesNothingIsLostOrRepeated) {
    for (int saves = 0; saves < 16; ++saves) {
        SCOPED_TRACE(saves);
        const auto before = fired().size();
        fill(hourly(), 6, 2);
        backfills_.saves_left = saves;
        for (int i = 0; i < 8; ++i) {
            tick();
            EXPECT_LE(unfinished(), 2U);
            finish(1);
        }
        backfills_.saves_left = -1;
        restart();
        EXPECT_LE(carry_on(), 2U);
        EXPECT_EQ(fired().size() - before, 6U);
        EXPECT_EQ(now().submitted, 6U);
        EXPECT_EQ(now().skipped, 0U) << "its own jobs are known as its own";
    }
}

// One looks when the other is about to save, or has just done so: each of the saves once.
TEST_F(BackfillTest, TwoServersSubmitEachOnce) {
    for (int i = 0; i < 30; ++i) {
        SCOPED_TRACE(i);
        const auto before = fired().size();
        fill(hourly(), 6, 2);
        Server second(*this);
        backfills_.meets_in = i / 3;
        backfills_.meeting = static_cast<FailingBackfills::Meeting>(i % 3);
        backfills_.meet = [&second] { return second.backfiller.tick(); };
        for (int look = 0; look < 100 && !is_final(now().state); ++look) {
            tick();
            EXPECT_LE(unfinished(), 2U);
            finish(1);
            finish_on(second, 1);
            run(second.backfiller.tick());
            EXPECT_LE(unfinished(), 2U);
        }
        EXPECT_FALSE(backfills_.meet) << "they met";
        EXPECT_EQ(fired().size() - before, 6U);
        EXPECT_EQ(now().submitted, 6U);
        EXPECT_EQ(now().skipped, 0U);
    }
}

TEST_F(BackfillTest, WhatHasAJobAlreadyIsSkipped) {
    const auto id = hourly();
    fill(id, 4, 1);
    carry_on();
    ASSERT_TRUE(ask(id, "2026-01-01T02:00:00Z", "2026-01-01T07:00:00Z"));
    carry_on();
    EXPECT_EQ(now().skipped, 2U);
    EXPECT_EQ(now().submitted, 3U);
    EXPECT_EQ(fired().size(), 7U);
}

TEST_F(BackfillTest, WhatItSubmitsTheScheduleDoesNotFireAgain) {
    const auto id = schedule(R"("cron_expression":"0 * * * *","catchup":"all",
                                "catchup_window_secs":86400,"overlap":"allow")");
    clock_.advance(Seconds(3 * 3600 + 60));
    ASSERT_TRUE(ask(id, "2026-01-10T12:30:00Z", "2026-01-10T15:00:30Z"));
    carry_on();
    EXPECT_EQ(fired().size(), 3U);
    auto stored = **run(schedules_.find(tenant_, id));
    stored.is_active = true;
    ASSERT_TRUE(run(schedules_.replace(stored)));
    run(server_->scheduler.tick());
    EXPECT_EQ(fired().size(), 3U);
    EXPECT_EQ((**run(schedules_.find(tenant_, id))).last_error, "");
}

TEST_F(BackfillTest, TheZoneOfTheScheduleSaysWhatIsDue) {
    clock_.advance(at("2026-04-02T00:00:00Z") - clock_.now());
    const auto id = schedule(R"("cron_expression":"30 2 * * *","timezone":"Europe/Berlin")");
    ASSERT_TRUE(ask(id, "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z"));
    EXPECT_EQ(last_.total, 3U);
    carry_on();
    // 02:30 does not exist on the 29th: it is due when the gap ends, at 03:00 = 01:00 UTC.
    EXPECT_EQ(fired(), (Times{"2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"}));
}

TEST_F(BackfillTest, StartAndEndOfTheScheduleCount) {
    const auto id = schedule(R"("cron_expression":"0 * * * *","start_at":"2026-01-01T02:00:00Z",
                                "end_at":"2026-01-01T05:00:00Z")");
    ASSERT_TRUE(ask(id, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"));
    EXPECT_EQ(last_.total, 3U);
    carry_on();
    EXPECT_EQ(fired(), (Times{"2026-01-01T02:00", "2026-01-01T03:00", "2026-01-01T04:00"}));
}

TEST_F(BackfillTest, ARangeWithoutDueTimesIsDoneAtOnce) {
    const auto id = schedule(R"("cron_expression":"0 0 30 2 *")");
    ASSERT_TRUE(ask(id, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"));
    EXPECT_EQ(last_.state, BackfillState::Done);
    EXPECT_EQ(last_.total, 0U);
    EXPECT_TRUE(last_.finished_at.has_value());
}

TEST_F(BackfillTest, RangesThatCannotBeAreRefused) {
    const auto id = schedule(R"("cron_expression":"* * * * * *")");
    EXPECT_EQ(ask(id, "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z").error().code,
              ErrorCode::InvalidArgument);
    const auto future = ask(id, "2026-01-10T00:00:00Z", "2026-01-10T12:00:01Z");
    EXPECT_NE(future.error().message.find("future"), std::string::npos);
    const auto many = ask(id, "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z");
    EXPECT_EQ(many.error().reason, "too_many_due_times");
    EXPECT_NE(many.error().message.find("100000"), std::string::npos) << many.error().message;
    EXPECT_FALSE(ask(id, "2026-01-01T00:00:00Z", "2026-01-01T00:00:09Z", R"(,"parallel":101)"));
    EXPECT_FALSE(ask(id, "2026-01-01T00:00:00Z", "2026-01-01T00:00:09Z", R"(,"parallel":0)"));
    const auto nowhere =
        ask(ScheduleId::next(clock_), "2026-01-01T00:00:00Z", "2026-01-01T00:00:09Z");
    EXPECT_EQ(nowhere.error().code, ErrorCode::NotFound);
}

TEST_F(BackfillTest, WhoseCreatorLostTheRightPauses) {
    Creators creators;
    const auto rights = [&creators](identity::Tenant, identity::UserId user) {
        return creators.look_up(user);
    };
    server_->backfiller.ask_rights(rights);
    const auto id = hourly();
    const auto owner = creator_;
    creator_ = identity::UserId::next(clock_);  // somebody else makes the back-fill
    fill(id, 4, 1);
    for (const auto& loser : {owner, creator_}) {
        creators.without.reset();
        tick();
        finish(1);
        const auto before = fired().size();
        creators.without = loser;
        tick();
        tick();
        EXPECT_EQ(fired().size(), before);
        EXPECT_EQ(now().state, BackfillState::Paused);
        EXPECT_NE(now().last_error.find("creator"), std::string::npos) << now().last_error;
        ASSERT_TRUE(change(R"({"paused":false})"));
        EXPECT_EQ(now().last_error, "");
    }
    creators.without.reset();
    carry_on();
    EXPECT_EQ(fired().size(), 4U);
    const auto jobs = *run(jobs_.list(tenant_, JobFilter()));
    EXPECT_EQ(jobs.front().submitted_by, owner) << "in the name of the schedule's creator";
}

TEST_F(BackfillTest, WithoutRoomInTheQueueItWaits) {
    QueueConfig config;
    config.pending_max = 1;
    restart(config);
    fill(hourly(), 5, 3);
    tick();
    EXPECT_EQ(unfinished(), 1U) << "as many as there is room for";
    tick();
    EXPECT_NE(now().last_error, "");
    EXPECT_EQ(now().state, BackfillState::Running);
    carry_on();
    EXPECT_EQ(fired().size(), 5U);
    EXPECT_EQ(now().submitted, 5U);
    EXPECT_EQ(now().last_error, "");
}

TEST_F(BackfillTest, ASpecificationThatCannotBeReadPauses) {
    JobTemplate made;
    made.name = "t";
    made.spec["command"] = boost::json::array{"true"};
    ASSERT_TRUE(run(templates_.add(tenant_, made)));
    const auto id = schedule(R"("cron_expression":"0 * * * *")", R"({"template":"t"})");
    fill(id, 3, 1);
    ASSERT_TRUE(run(templates_.remove(tenant_, "t")));
    tick();
    EXPECT_EQ(now().state, BackfillState::Paused);
    EXPECT_NE(now().last_error.find("template"), std::string::npos) << now().last_error;
    EXPECT_TRUE(now().open.empty());
    ASSERT_TRUE(run(templates_.add(tenant_, made)));
    ASSERT_TRUE(change(R"({"paused":false})"));
    carry_on();
    EXPECT_EQ(fired().size(), 3U);
}

TEST_F(BackfillTest, GoesWithItsSchedule) {
    const auto id = hourly();
    fill(id, 5, 2);
    tick();
    ASSERT_TRUE(run(server_->scheduler.remove(tenant_, id)));
    tick();
    EXPECT_EQ(fired().size(), 2U) << "its jobs stay";
    EXPECT_EQ(run(server_->backfiller.find(tenant_, id, last_.id)).error().code,
              ErrorCode::NotFound);
    EXPECT_EQ(run(server_->backfiller.list(tenant_, id, {})).error().code, ErrorCode::NotFound);
}

TEST_F(BackfillTest, AreListedInPages) {
    const auto id = hourly();
    const auto first = fill(id, 1, 1);
    const auto second = fill(id, 2, 1);
    identity::PageRequest page;
    page.limit = 1;
    const auto some = *run(server_->backfiller.list(tenant_, id, page));
    ASSERT_EQ(some.items.size(), 1U);
    EXPECT_EQ(some.items[0].id, first);
    page.cursor = some.next_cursor;
    const auto rest = *run(server_->backfiller.list(tenant_, id, page));
    ASSERT_EQ(rest.items.size(), 1U);
    EXPECT_EQ(rest.items[0].id, second);
    EXPECT_FALSE(rest.next_cursor.has_value());
}

}  // namespace
}  // namespace zs::jobs
