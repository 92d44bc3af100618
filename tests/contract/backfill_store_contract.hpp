#pragma once

#include "core/jobs/backfill_store.hpp"
#include "core/jobs/schedule_store.hpp"
#include "support/run_task.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

// What every BackfillStore promises. An implementation instantiates it with a function that makes
// empty stores, which live until the next call; organizations "acme" and "other" are there.
namespace zs::testing {

using jobs::Backfill;
using jobs::BackfillId;
using jobs::BackfillState;

struct BackfillStores {
    jobs::BackfillStore& backfills;
    jobs::ScheduleStore& schedules;
};

struct BackfillStoreFactory {
    const char* name;
    std::function<BackfillStores()> make;
};

inline std::string name_of_backfill_store(
    const ::testing::TestParamInfo<BackfillStoreFactory>& info) {
    return info.param.name;
}

class BackfillStoreContract : public ::testing::TestWithParam<BackfillStoreFactory> {
protected:
    BackfillStoreContract() : stores_(GetParam().make()), schedule_(add_schedule(acme_)) {}

    jobs::ScheduleId add_schedule(const identity::Tenant& tenant) {
        jobs::JobSchedule schedule;
        schedule.id = jobs::ScheduleId::next(clock_);
        schedule.tenant = tenant;
        schedule.name = "nightly";
        schedule.cron_expression = "0 3 * * *";
        schedule.created_at = schedule.updated_at = schedule.high_water = clock_.now();
        EXPECT_TRUE(run_task(stores_.schedules.add(schedule)));
        return schedule.id;
    }
    Backfill backfill() {
        Backfill backfill;
        backfill.id = BackfillId::next(clock_);
        backfill.schedule = schedule_;
        backfill.tenant = acme_;
        backfill.from = clock_.now() - Seconds(3600);
        backfill.to = clock_.now();
        backfill.parallel = 3;
        backfill.position = backfill.from;
        backfill.total = 60;
        backfill.created_at = clock_.now();
        return backfill;
    }
    Backfill added() {
        auto made = backfill();
        EXPECT_TRUE(run_task(stores_.backfills.add(made, 100)));
        return made;
    }
    std::optional<Backfill> find(BackfillId id) {
        auto found = run_task(stores_.backfills.find(acme_, schedule_, id));
        EXPECT_TRUE(found) << found.error().message;
        return *found;
    }
    std::vector<BackfillId> unsettled() {
        std::vector<BackfillId> ids;
        const auto all = run_task(stores_.backfills.unsettled(std::nullopt, 100));
        for (const auto& one : *all)
            ids.push_back(one.id);
        return ids;
    }

    ManualClock clock_;
    identity::Tenant acme_{"acme", "live"};
    identity::Tenant other_{"other", "live"};
    BackfillStores stores_;
    jobs::ScheduleId schedule_;
};

TEST_P(BackfillStoreContract, ComesBackAsItWent) {
    auto made = backfill();
    made.created_by = identity::UserId::next(clock_);
    made.open = {{made.from, jobs::JobId::next(clock_), true},
                 {made.from + Seconds(60), jobs::JobId::next(clock_), false}};
    made.submitted = 7;
    made.skipped = 2;
    made.last_error = "no \xC3\xA4";
    ASSERT_TRUE(run_task(stores_.backfills.add(made, 100)));
    const auto found = find(made.id);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->schedule, schedule_);
    EXPECT_EQ(found->tenant, acme_);
    EXPECT_EQ(found->from, made.from);
    EXPECT_EQ(found->to, made.to);
    EXPECT_EQ(found->parallel, 3U);
    EXPECT_EQ(found->state, BackfillState::Running);
    EXPECT_EQ(found->position, made.position);
    EXPECT_EQ(found->total, 60U);
    EXPECT_EQ(found->submitted, 7U);
    EXPECT_EQ(found->skipped, 2U);
    ASSERT_EQ(found->open.size(), 2U);
    EXPECT_EQ(found->open[1].nominal, made.open[1].nominal);
    EXPECT_EQ(found->open[1].job, made.open[1].job);
    EXPECT_TRUE(found->open[0].is_submitted);
    EXPECT_FALSE(found->open[1].is_submitted);
    EXPECT_EQ(found->created_by, made.created_by);
    EXPECT_EQ(found->created_at, made.created_at);
    EXPECT_FALSE(found->finished_at.has_value());
    EXPECT_EQ(found->last_error, made.last_error);
}

TEST_P(BackfillStoreContract, WhatIsStaleIsNotSaved) {
    const auto made = added();
    auto first = *find(made.id);
    auto second = first;
    first.submitted = 1;
    first.position.reset();
    EXPECT_TRUE(*run_task(stores_.backfills.save(first)));
    second.submitted = 2;
    EXPECT_FALSE(*run_task(stores_.backfills.save(second)));
    auto now = *find(made.id);
    EXPECT_EQ(now.submitted, 1U);
    EXPECT_FALSE(now.position.has_value());
    now.state = BackfillState::Done;
    now.finished_at = clock_.now();
    EXPECT_TRUE(*run_task(stores_.backfills.save(now)));
    EXPECT_EQ(find(made.id)->state, BackfillState::Done);
    EXPECT_EQ(find(made.id)->finished_at, clock_.now());
    auto never = backfill();
    EXPECT_FALSE(*run_task(stores_.backfills.save(never)));
}

TEST_P(BackfillStoreContract, UnsettledIsWhatTimeHasToDoWith) {
    const auto running = added();
    auto paused = added();
    paused.state = BackfillState::Paused;
    ASSERT_TRUE(*run_task(stores_.backfills.save(paused)));
    auto canceled = added();
    canceled.state = BackfillState::Canceled;
    canceled.open = {{canceled.from, jobs::JobId::next(clock_), true}};
    ASSERT_TRUE(*run_task(stores_.backfills.save(canceled)));
    EXPECT_EQ(unsettled(), (std::vector{running.id, canceled.id}));
    const auto behind = run_task(stores_.backfills.unsettled(running.id, 100));
    ASSERT_EQ(behind->size(), 1U);
    EXPECT_EQ(run_task(stores_.backfills.unsettled(std::nullopt, 1))->size(), 1U);
    auto over = *find(canceled.id);
    over.open.clear();
    ASSERT_TRUE(*run_task(stores_.backfills.save(over)));
    EXPECT_EQ(unsettled(), (std::vector{running.id}));
}

TEST_P(BackfillStoreContract, IsListedBelowItsScheduleAlone) {
    const auto first = added();
    const auto second = added();
    const auto another = add_schedule(acme_);
    const auto list = [&](identity::Tenant tenant, jobs::ScheduleId schedule,
                          std::optional<BackfillId> after) {
        return *run_task(stores_.backfills.list(std::move(tenant), schedule, after, 100));
    };
    const auto all = list(acme_, schedule_, std::nullopt);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].id, first.id);
    EXPECT_EQ(all[1].id, second.id);
    EXPECT_EQ(list(acme_, schedule_, first.id).size(), 1U);
    EXPECT_TRUE(list(acme_, another, std::nullopt).empty());
    EXPECT_TRUE(list(other_, schedule_, std::nullopt).empty());
    EXPECT_FALSE(run_task(stores_.backfills.find(acme_, another, first.id))->has_value());
    EXPECT_FALSE(run_task(stores_.backfills.find(other_, schedule_, first.id))->has_value());
}

TEST_P(BackfillStoreContract, AScheduleHasAFewThatAreNotOver) {
    auto first = added();
    const auto refused = run_task(stores_.backfills.add(backfill(), 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Exhausted);
    EXPECT_EQ(refused.error().reason, "too_many_backfills");
    first.state = BackfillState::Canceled;
    ASSERT_TRUE(*run_task(stores_.backfills.save(first)));
    EXPECT_TRUE(run_task(stores_.backfills.add(backfill(), 1)));
}

TEST_P(BackfillStoreContract, GoesWithItsSchedule) {
    const auto made = added();
    ASSERT_TRUE(run_task(stores_.schedules.remove(acme_, schedule_)));
    EXPECT_FALSE(find(made.id).has_value());
    EXPECT_TRUE(unsettled().empty());
    EXPECT_FALSE(*run_task(stores_.backfills.save(made)));
    const auto refused = run_task(stores_.backfills.add(backfill(), 100));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::NotFound);
}

}  // namespace zs::testing
