#include "adapters/relational/jobs/job_test_home.hpp"

namespace zs::testing {
namespace {

using jobs::JobSchedule;
using jobs::JobTemplate;
using jobs::ScheduleId;

class SqlSchedules : public ::testing::TestWithParam<relational::Dialect> {
protected:
    JobSchedule schedule(const identity::Tenant& tenant = kAcme) const {
        JobSchedule schedule;
        schedule.id = ScheduleId::next(home_.clock);
        schedule.tenant = tenant;
        schedule.name = "nightly";
        schedule.spec["command"] = boost::json::array{"true"};
        schedule.cron_expression = "0 3 * * *";
        schedule.overlap = jobs::Overlap::Queue;
        schedule.catch_up = jobs::CatchUp::All;
        schedule.jitter = Seconds(7);
        schedule.created_at = home_.clock.now();
        schedule.updated_at = home_.clock.now();
        schedule.high_water = home_.clock.now();
        return schedule;
    }

    JobHome home_{GetParam()};
    relational::SqlScheduleStore schedules_{home_.home->database()};
    relational::SqlTemplateStore templates_{home_.home->database()};
};

TEST_P(SqlSchedules, ComeBackAsTheyWent) {
    const auto added = schedule();
    ASSERT_TRUE(run_task(schedules_.add(added)));
    const auto found = taken(run_task(schedules_.find(kAcme, added.id)));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->spec, added.spec);
    EXPECT_EQ(found->overlap, jobs::Overlap::Queue);
    EXPECT_EQ(found->catch_up, jobs::CatchUp::All);
    EXPECT_EQ(found->jitter, Seconds(7));
    EXPECT_FALSE(found->last_run_at.has_value());
    EXPECT_FALSE(taken(run_task(schedules_.find(kOther, added.id))).has_value());
    auto changed = added;
    changed.tenant = kOther;
    EXPECT_EQ(run_task(schedules_.replace(changed)).error().code, ErrorCode::NotFound);
    changed.tenant = kAcme;
    changed.is_active = false;
    ASSERT_TRUE(run_task(schedules_.replace(changed)));
    EXPECT_TRUE(taken(run_task(schedules_.active(std::nullopt, 10))).empty());
    EXPECT_EQ(run_task(schedules_.remove(kOther, added.id)).error().code, ErrorCode::NotFound);
    ASSERT_TRUE(run_task(schedules_.remove(kAcme, added.id)));
}

TEST_P(SqlSchedules, TheHighWaterMarkNeverFalls) {
    const auto added = schedule();
    ASSERT_TRUE(run_task(schedules_.add(added)));
    jobs::ScheduleProgress progress;
    progress.id = added.id;
    progress.high_water = added.high_water + Millis(10);
    progress.last_error = "no";
    EXPECT_TRUE(taken(run_task(schedules_.advance(progress))));
    progress.high_water = added.high_water;
    progress.last_error.reset();
    progress.last_run_at = home_.clock.now();
    EXPECT_TRUE(taken(run_task(schedules_.advance(progress))));
    const auto found = taken(run_task(schedules_.find(kAcme, added.id)));
    EXPECT_EQ(found->high_water, added.high_water + Millis(10));
    EXPECT_EQ(found->last_error, "no");
    EXPECT_EQ(found->last_run_at, home_.clock.now());
    progress.id = ScheduleId::next(home_.clock);
    EXPECT_FALSE(taken(run_task(schedules_.advance(progress))));
}

TEST_P(SqlSchedules, AreListedInTheOrderOfIds) {
    std::vector<JobSchedule> all{schedule(), schedule(), schedule(kOther)};
    for (const auto& one : all)
        ASSERT_TRUE(run_task(schedules_.add(one)));
    const auto first = taken(run_task(schedules_.list(kAcme, std::nullopt, 1)));
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].id, all[0].id);
    const auto rest = taken(run_task(schedules_.list(kAcme, first[0].id, 9)));
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].id, all[1].id);
    EXPECT_EQ(taken(run_task(schedules_.active(first[0].id, 9))).size(), 2U);
}

TEST_P(SqlSchedules, TemplatesAreKeptByName) {
    JobTemplate made;
    made.name = "Zeta";
    made.spec["command"] = boost::json::array{"true"};
    made.params_schema.emplace();
    made.created_at = home_.clock.now();
    ASSERT_TRUE(run_task(templates_.add(kAcme, made)));
    EXPECT_EQ(run_task(templates_.add(kAcme, made)).error().reason, "template_exists");
    ASSERT_TRUE(run_task(templates_.add(kOther, made)));
    auto lower = made;
    lower.name = "alpha";
    lower.params_schema.reset();
    ASSERT_TRUE(run_task(templates_.add(kAcme, lower)));
    const auto listed = taken(run_task(templates_.list(kAcme, "", 10)));
    ASSERT_EQ(listed.size(), 2U);
    EXPECT_EQ(listed[0].name, "Zeta") << "by bytes";
    EXPECT_TRUE(listed[0].params_schema.has_value());
    EXPECT_FALSE(listed[1].params_schema.has_value());
    EXPECT_EQ(taken(run_task(templates_.list(kAcme, "Zeta", 10))).size(), 1U);
    made.description = "new";
    ASSERT_TRUE(run_task(templates_.replace(kAcme, made)));
    EXPECT_EQ(taken(run_task(templates_.find(kAcme, "Zeta")))->description, "new");
    EXPECT_TRUE(taken(run_task(templates_.find(kOther, "Zeta")))->description.empty());
    ASSERT_TRUE(run_task(templates_.remove(kAcme, "Zeta")));
    EXPECT_EQ(run_task(templates_.remove(kAcme, "Zeta")).error().code, ErrorCode::NotFound);
    EXPECT_EQ(run_task(templates_.replace(kAcme, made)).error().code, ErrorCode::NotFound);
}

INSTANTIATE_TEST_SUITE_P(All, SqlSchedules, ::testing::ValuesIn(all_dialects()), dialect_name);

}  // namespace
}  // namespace zs::testing
