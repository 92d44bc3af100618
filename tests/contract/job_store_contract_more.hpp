#pragma once

#include "contract/job_store_contract.hpp"

// The second half of the contract: what jobs have to do with each other, logs, artifacts, lists.
namespace zs::testing {

TEST_P(JobStoreContract, AUniqueKeyHoldsUntilTheEnd) {
    NewJob first = job();
    first.spec.unique_key = "u";
    ASSERT_TRUE(add(first));
    NewJob second = job();
    second.spec.unique_key = "u";
    const auto same = add(second);
    ASSERT_TRUE(same);
    EXPECT_TRUE(same->deduplicated);
    EXPECT_EQ(same->id, first.id);
    second.spec.on_conflict = OnConflict::Error;
    EXPECT_EQ(add(second).error().reason, "unique_key_in_use");
    second.spec.on_conflict = OnConflict::Replace;
    second.spec.command = {"new"};
    const auto replaced = add(second);
    ASSERT_TRUE(replaced);
    EXPECT_TRUE(replaced->deduplicated);
    EXPECT_EQ(stored(first.id).spec.command, std::vector<std::string>{"new"});
    const auto ref = lease(first.id).lease();
    second.spec.command = {"newer"};
    EXPECT_EQ(add(second)->state, JobState::Running) << "a running one is answered as it is";
    EXPECT_EQ(stored(first.id).spec.command, std::vector<std::string>{"new"});
    NewJob elsewhere = job();
    elsewhere.spec.unique_key = "u";
    elsewhere.tenant.env_slug = "sandbox";
    EXPECT_FALSE(add(elsewhere)->deduplicated);
    ASSERT_TRUE(finish(ref, outcome(Outcome::Kind::Succeeded)));
    NewJob third = job();
    third.spec.unique_key = "u";
    EXPECT_FALSE(add(third)->deduplicated);
}

TEST_P(JobStoreContract, DependantsFollowTheirJob) {
    NewJob root = job();
    NewJob after = job();
    after.spec.depends_on = {{root.id.uuid(), DependsWhen::Succeeded}};
    NewJob anyway = job();
    anyway.spec.depends_on = {{root.id.uuid(), DependsWhen::Finished}};
    NewJob last = job();
    last.spec.depends_on = {{after.id.uuid(), DependsWhen::Succeeded}};
    auto added = run_task(stores_.jobs.add({root, after, anyway, last}, AddMode::AllOrNone));
    ASSERT_TRUE(added) << added.error().message;
    EXPECT_EQ((*added)[1]->brief.open_dependencies, 1U);
    EXPECT_TRUE(claim({after.id}).empty()) << "it waits";
    const auto ref = lease(root.id).lease();
    const auto changes = finish(ref, outcome(Outcome::Kind::Failed, false), 9);
    ASSERT_TRUE(changes);
    ASSERT_EQ(changes->transitions.size(), 4U) << "failed, canceled, canceled, released";
    EXPECT_EQ(changes->transitions[0].job.id, root.id);
    EXPECT_EQ(stored(after.id).state, JobState::Canceled);
    EXPECT_EQ(stored(after.id).error->code, Failure::DependencyFailed);
    EXPECT_EQ(stored(last.id).state, JobState::Canceled);
    EXPECT_EQ(stored(anyway.id).state, JobState::Pending);
    EXPECT_EQ(stored(anyway.id).open_dependencies, 0U);
    EXPECT_EQ(claim({anyway.id}, 10).size(), 1U);

    NewJob late = job();
    late.spec.depends_on = {{root.id.uuid(), DependsWhen::Succeeded}};
    const auto hopeless = add(late);
    ASSERT_TRUE(hopeless);
    EXPECT_EQ(hopeless->state, JobState::Canceled);
    NewJob nowhere = job();
    nowhere.spec.depends_on = {{Uuid::next(clock_), DependsWhen::Finished}};
    EXPECT_EQ(add(nowhere).error().reason, "no_such_dependency");
    NewJob foreign = job();
    foreign.tenant.org_id = "other";
    foreign.spec.depends_on = {{root.id.uuid(), DependsWhen::Finished}};
    EXPECT_EQ(add(foreign).error().reason, "no_such_dependency") << "another tenant's job";
}

TEST_P(JobStoreContract, TheLastOfSeveralDependenciesReleases) {
    NewJob a = job();
    NewJob b = job();
    NewJob c = job();
    c.spec.depends_on = {{a.id.uuid(), DependsWhen::Succeeded}, {b.id.uuid(), DependsWhen::Failed}};
    ASSERT_TRUE(run_task(stores_.jobs.add({a, b, c}, AddMode::EachAlone)));
    ASSERT_TRUE(finish(lease(a.id).lease(), outcome(Outcome::Kind::Succeeded)));
    EXPECT_EQ(stored(c.id).open_dependencies, 1U);
    EXPECT_TRUE(claim({c.id}).empty());
    const auto changes = finish(lease(b.id).lease(), outcome(Outcome::Kind::Failed, false), 30);
    ASSERT_TRUE(changes);
    ASSERT_EQ(changes->transitions.size(), 2U);
    EXPECT_EQ(changes->transitions[1].job.id, c.id);
    EXPECT_EQ(changes->transitions[1].job.open_dependencies, 0U);
    EXPECT_EQ(claim({c.id}, 31).size(), 1U);
}

TEST_P(JobStoreContract, AllOrNoneMeansIt) {
    NewJob good = job();
    NewJob bad = job();
    bad.spec.depends_on = {{Uuid::next(clock_), DependsWhen::Succeeded}};
    auto none = run_task(stores_.jobs.add({good, bad}, AddMode::AllOrNone));
    ASSERT_TRUE(none);
    ASSERT_EQ(none->size(), 2U);
    EXPECT_EQ((*none)[0].error().reason, "no_such_dependency");
    const auto found = run_task(stores_.jobs.find(tenant_, good.id));
    EXPECT_FALSE(*found);
    auto some = run_task(stores_.jobs.add({good, bad}, AddMode::EachAlone));
    ASSERT_TRUE(some);
    EXPECT_TRUE((*some)[0]);
    EXPECT_FALSE((*some)[1]);
}

TEST_P(JobStoreContract, ATimeOfAScheduleFiresOnce) {
    NewJob fired = job();
    fired.schedule_id = ScheduleId::next(clock_);
    fired.nominal_time = at(60);
    ASSERT_TRUE(add(fired));
    NewJob again = fired;
    again.id = JobId::next(clock_);
    EXPECT_EQ(add(again).error().reason, "schedule_fired");
    again.nominal_time = at(120);
    EXPECT_TRUE(add(again));
}

TEST_P(JobStoreContract, WithoutCandidatesTheStoreIsFair) {
    std::vector<NewJob> jobs;
    for (int i = 0; i < 6; ++i)
        jobs.push_back(job());
    jobs[3].spec.priority = 50;
    jobs[4].spec.requires_labels = {"gpu"};
    jobs[5].tenant.org_id = "small";
    ASSERT_TRUE(run_task(stores_.jobs.add(jobs, AddMode::EachAlone)));
    ClaimQuery query;
    query.worker = "w/2";
    query.count = 2;
    query.now = at(5);
    const auto first = run_task(stores_.jobs.claim(query));
    ASSERT_TRUE(first);
    ASSERT_EQ(first->size(), 2U);
    const std::set<JobId> got{(*first)[0].job.id, (*first)[1].job.id};
    EXPECT_TRUE(got.contains(jobs[3].id)) << "the most urgent of one tenant";
    EXPECT_TRUE(got.contains(jobs[5].id)) << "and one of the other";
    query.count = 10;
    const auto rest = run_task(stores_.jobs.claim(query));
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->size(), 3U) << "all but the one that wants a label";
    query.labels = {"gpu", "big"};
    EXPECT_EQ(run_task(stores_.jobs.claim(query))->size(), 1U);
}

TEST_P(JobStoreContract, LogsAreOneSequence) {
    const auto added = add(job());
    const auto leased = lease(added->id);
    std::vector<LogLine> lines(3);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        lines[i].bytes = std::string("line\xff\0 ", 7) + std::to_string(i);
        lines[i].at = at(1);
    }
    lines[1].stream = LogStream::Stderr;
    lines[2].part = true;
    const auto first = run_task(stores_.logs.append(leased.lease(), lines));
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_GT(first->first_seq, leased.started_seq);
    EXPECT_EQ(first->last_seq, first->first_seq + 2);
    const auto changes = finish(leased.lease(), outcome(Outcome::Kind::Succeeded));
    EXPECT_GT(changes->transitions[0].seq, first->last_seq) << "the end has the highest";
    LogQuery query;
    auto all = run_task(stores_.logs.read(tenant_, added->id, query));
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 3U);
    EXPECT_EQ((*all)[0].line.bytes, lines[0].bytes) << "bytes as they came";
    EXPECT_EQ((*all)[0].attempt, 1U);
    EXPECT_TRUE((*all)[2].line.part);
    query.stream = LogStream::Stderr;
    EXPECT_EQ(run_task(stores_.logs.read(tenant_, added->id, query))->size(), 1U);
    query = {};
    query.from_seq = first->last_seq;
    EXPECT_EQ(run_task(stores_.logs.read(tenant_, added->id, query))->size(), 1U);
    EXPECT_EQ(run_task(stores_.logs.read({"x", "live"}, added->id, {})).error().code,
              ErrorCode::NotFound);
    EXPECT_EQ(stored(added->id).log_count, 3U);
}

TEST_P(JobStoreContract, ListsAreFilteredOrderedAndPaged) {
    std::vector<JobId> ids;
    for (int i = 0; i < 5; ++i) {
        NewJob one = job();
        one.created_at = at(i);
        one.spec.name = i % 2 == 0 ? "even" : "odd";
        one.spec.metadata["n"] = std::to_string(i);
        one.spec.tags = {"all", i == 3 ? "three" : "other"};
        ids.push_back(one.id);
        ASSERT_TRUE(add(one));
    }
    ASSERT_TRUE(steer(ids[4], Steer::Cancel));
    JobFilter filter;
    const auto count = [&] { return run_task(stores_.jobs.list(tenant_, filter))->size(); };
    auto all = run_task(stores_.jobs.list(tenant_, filter));
    ASSERT_EQ(all->size(), 5U);
    EXPECT_EQ(all->front().id, ids[4]) << "newest first";
    filter.limit = 2;
    filter.behind = {{at(4), ids[4]}};
    auto page = run_task(stores_.jobs.list(tenant_, filter));
    ASSERT_EQ(page->size(), 2U);
    EXPECT_EQ((*page)[0].id, ids[3]);
    filter = {};
    filter.name = "even";
    EXPECT_EQ(count(), 3U);
    filter = {};
    filter.tag = "three";
    EXPECT_EQ(count(), 1U);
    filter = {};
    filter.metadata = {{"n", "2"}};
    EXPECT_EQ(count(), 1U);
    filter = {};
    filter.states = {JobState::Canceled, JobState::Failed};
    EXPECT_EQ(count(), 1U);
    filter = {};
    filter.every_tenant = true;
    EXPECT_EQ(count(), 4U) << "not final, of everybody";
    const auto counts = run_task(stores_.queues.counts(tenant_, at(10)));
    ASSERT_TRUE(counts);
    EXPECT_EQ(counts->pending, 4U);
    EXPECT_EQ(counts->canceled, 1U);
    EXPECT_EQ(counts->oldest_pending, at(0));
}

TEST_P(JobStoreContract, RetentionRemovesWhatNobodyNeeds) {
    NewJob old = job();
    NewJob needed = job();
    ASSERT_TRUE(run_task(stores_.jobs.add({old, needed}, AddMode::EachAlone)));
    ASSERT_TRUE(finish(lease(old.id).lease(), outcome(Outcome::Kind::Succeeded), 10));
    ASSERT_TRUE(finish(lease(needed.id).lease(), outcome(Outcome::Kind::Succeeded), 10));
    NewJob waiting = job();
    waiting.spec.depends_on = {{needed.id.uuid(), DependsWhen::Succeeded}};
    ASSERT_TRUE(add(waiting));
    SweepQuery query;
    query.now = at(100);
    query.purge_completed_before = at(10);
    EXPECT_TRUE(run_task(stores_.jobs.sweep(query))->purged.empty());
    query.purge_completed_before = at(11);
    const auto swept = run_task(stores_.jobs.sweep(query));
    ASSERT_TRUE(swept);
    EXPECT_EQ(swept->purged, std::vector<JobId>{old.id});
    EXPECT_EQ(stored(needed.id).state, JobState::Succeeded);
    const auto refused = steer(needed.id, Steer::Purge);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "job_needed");
    ASSERT_TRUE(steer(waiting.id, Steer::Cancel));
    ASSERT_TRUE(steer(needed.id, Steer::Purge));
}

TEST_P(JobStoreContract, WaitingJobsAreCountedUpToALimit) {
    EXPECT_EQ(*run_task(stores_.queues.waiting(tenant_, 10)), 0U);
    for (int i = 0; i < 4; ++i)
        ASSERT_TRUE(add(job()));
    const auto running = add(job());
    ASSERT_TRUE(running);
    lease(running->id);
    EXPECT_EQ(*run_task(stores_.queues.waiting(tenant_, 10)), 4U);
    EXPECT_EQ(*run_task(stores_.queues.waiting(tenant_, 3)), 3U);
    EXPECT_EQ(*run_task(stores_.queues.waiting({"small", "live"}, 3)), 0U);
}

TEST_P(JobStoreContract, TheAttemptsOfOneWorkerAreListed) {
    const auto first = add(job());
    const auto second = add(job());
    ASSERT_TRUE(first && second && add(job()));
    lease(first->id);
    ClaimQuery query;
    query.worker = "other";
    query.candidates = {second->id};
    query.now = at(1);
    ASSERT_EQ(run_task(stores_.jobs.claim(query))->size(), 1U);
    JobFilter filter;
    filter.every_tenant = true;
    filter.worker = "w/1";
    const auto own = run_task(stores_.jobs.list(tenant_, filter));
    ASSERT_EQ(own->size(), 1U);
    EXPECT_EQ(own->front().id, first->id);
}

TEST_P(JobStoreContract, PausesAreKept) {
    ASSERT_TRUE(run_task(stores_.queues.set_paused(tenant_, true, at(0))));
    ASSERT_TRUE(run_task(stores_.queues.set_paused(tenant_, true, at(1))));
    const auto paused = run_task(stores_.queues.paused());
    ASSERT_TRUE(paused);
    EXPECT_EQ(*paused, std::vector<identity::Tenant>{tenant_});
    ASSERT_TRUE(run_task(stores_.queues.set_paused(tenant_, false, at(2))));
    EXPECT_TRUE(run_task(stores_.queues.paused())->empty());
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(JobStoreContract);

}  // namespace zs::testing
