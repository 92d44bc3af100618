#pragma once

#include "core/jobs/artifact_index.hpp"
#include "core/jobs/job_log.hpp"
#include "core/jobs/job_store.hpp"
#include "core/jobs/queue_store.hpp"
#include "support/run_task.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

// What every JobStore with its log, artifacts and queues promises. An implementation instantiates
// it with a function that makes empty ones, which live until the next call.
namespace zs::testing {

using namespace zs::jobs;

struct JobStores {
    JobStore& jobs;
    JobLog& logs;
    ArtifactIndex& artifacts;
    QueueStore& queues;
};

struct JobStoreFactory {
    const char* name;
    std::function<JobStores()> make;
};

inline std::string name_of_job_store(const ::testing::TestParamInfo<JobStoreFactory>& info) {
    return info.param.name;
}

class JobStoreContract : public ::testing::TestWithParam<JobStoreFactory> {
protected:
    JobStoreContract() : stores_(GetParam().make()) {}

    static Timestamp at(int seconds) {
        return Timestamp(Millis(1'760'000'000'000)) + Seconds(seconds);
    }
    NewJob job() {
        NewJob job;
        job.id = JobId::next(clock_);
        job.tenant = tenant_;
        job.spec.command = {"true"};
        job.created_at = at(0);
        return job;
    }
    Result<Submitted> add(NewJob job, AddMode mode = AddMode::EachAlone) {
        std::vector<NewJob> jobs;
        jobs.push_back(std::move(job));
        auto answers = run_task(stores_.jobs.add(std::move(jobs), mode));
        if (!answers) return answers.error();
        EXPECT_EQ(answers->size(), 1U);
        return answers->front();
    }
    std::vector<LeasedJob> claim(std::vector<JobId> candidates, int second = 1) {
        ClaimQuery query;
        query.worker = "w/1";
        query.count = candidates.empty() ? 1 : candidates.size();
        query.candidates = std::move(candidates);
        query.now = at(second);
        auto leased = run_task(stores_.jobs.claim(std::move(query)));
        EXPECT_TRUE(leased) << leased.error().message;
        return leased ? std::move(*leased) : std::vector<LeasedJob>();
    }
    LeasedJob lease(JobId id, int second = 1) {
        auto leased = claim({id}, second);
        EXPECT_EQ(leased.size(), 1U);
        return leased.empty() ? LeasedJob{} : std::move(leased.front());
    }
    Result<Changes> finish(LeaseRef lease, Outcome outcome, int second = 2) {
        FinishedAttempt attempt;
        attempt.lease = lease;
        attempt.outcome = std::move(outcome);
        attempt.now = at(second);
        attempt.backoff = Seconds(10);
        std::vector<FinishedAttempt> attempts;
        attempts.push_back(std::move(attempt));
        auto answers = run_task(stores_.jobs.finish(std::move(attempts)));
        if (!answers) return answers.error();
        return answers->front();
    }
    static Outcome outcome(Outcome::Kind kind, bool retryable = true) {
        Outcome outcome;
        outcome.kind = kind;
        outcome.retryable = retryable;
        if (kind == Outcome::Kind::Failed) {
            outcome.error = JobError{Failure::ExitNonzero, "exit 3", 3, std::nullopt};
            outcome.exit_code = 3;
        }
        if (kind == Outcome::Kind::Succeeded) outcome.output = boost::json::value(42);
        return outcome;
    }
    Result<Changes> steer(JobId id, Steer steer, int second = 3) {
        return run_task(stores_.jobs.steer(tenant_, id, steer, at(second)));
    }
    Job stored(JobId id) {
        auto job = run_task(stores_.jobs.find(tenant_, id));
        EXPECT_TRUE(job && *job) << "the job is gone";
        return job && *job ? std::move(**job) : Job{};
    }
    // A job that was brought into `state` in the ways that lead there.
    std::pair<JobId, LeaseRef> job_in(JobState state, bool canceling);

    ManualClock clock_;
    identity::Tenant tenant_{"org", "live"};
    JobStores stores_;
};

inline std::pair<JobId, LeaseRef> JobStoreContract::job_in(JobState state, bool canceling) {
    auto added = add(job());
    EXPECT_TRUE(added) << added.error().message;
    const JobId id = added->id;
    if (state == JobState::Pending) return {id, {id, LeaseToken{}}};
    const LeaseRef ref = lease(id).lease();
    const auto good = [](const Result<Changes>& changes) {
        EXPECT_TRUE(changes) << changes.error().message;
    };
    using K = Outcome::Kind;
    if (canceling || state == JobState::Canceled) good(steer(id, Steer::Cancel, 1));
    if (state == JobState::Succeeded) good(finish(ref, outcome(K::Succeeded)));
    if (state == JobState::Retrying) good(finish(ref, outcome(K::Failed)));
    if (state == JobState::Failed) good(finish(ref, outcome(K::Failed, false)));
    if (state == JobState::Canceled) good(finish(ref, outcome(K::Canceled)));
    EXPECT_EQ(stored(id).state, state);
    return {id, ref};
}

// Reason of the refusal, or the state afterwards; "same" when nothing changed.
inline std::string said(const Result<Changes>& changes) {
    if (!changes) return changes.error().reason;
    if (changes->transitions.empty()) return "same";
    const Transition& first = changes->transitions.front();
    if (first.cancel_was_requested) return "canceling";
    return std::string(to_text(first.job.state));
}

TEST_P(JobStoreContract, EveryStateMeetsEveryEvent) {
    using K = Outcome::Kind;
    struct Case {
        JobState state;
        bool canceling;
        // Leased?, then finished as Succeeded, Failed, failed for good, Canceled, Released, Lost
        // under the last token, then Cancel, Retry, Purge.
        std::vector<std::string> said;
    };
    const std::string lost = "lease_lost";
    const std::string over = "job_finished";
    const std::string no = "not_retryable";
    const std::vector<Case> cases{
        {JobState::Pending,
         false,
         {"running", lost, lost, lost, lost, lost, lost, "canceled", no, "job_running"}},
        {JobState::Retrying,
         false,
         {"running", lost, "same", "same", lost, lost, lost, "canceled", no, "job_running"}},
        {JobState::Running,
         false,
         {"", "succeeded", "retrying", "failed", "job_running", "pending", "pending", "canceling",
          no, "job_running"}},
        {JobState::Running,
         true,
         {"", "succeeded", "canceled", "canceled", "canceled", "canceled", "canceled", "same", no,
          "job_running"}},
        {JobState::Succeeded, false, {"", "same", lost, lost, lost, lost, lost, over, no, "same"}},
        {JobState::Failed,
         false,
         {"", lost, "same", "same", lost, lost, "same", over, "pending", "same"}},
        {JobState::Canceled,
         true,
         {"", lost, "same", "same", "same", "same", "same", over, "pending", "same"}},
    };
    for (const Case& c : cases) {
        for (std::size_t event = 0; event < c.said.size(); ++event) {
            const auto [id, ref] = job_in(c.state, c.canceling);
            const std::string shown =
                std::string(to_text(c.state)) + ", event " + std::to_string(event);
            if (event == 0) {
                const auto leased = claim({id}, 100);
                EXPECT_EQ(leased.size(), c.said[0].empty() ? 0U : 1U) << shown;
                continue;
            }
            const K kinds[] = {K::Succeeded, K::Failed,   K::Failed,
                               K::Canceled,  K::Released, K::Lost};
            const auto changes = event <= 6 ? finish(ref, outcome(kinds[event - 1], event != 3))
                                            : steer(id, event == 7   ? Steer::Cancel
                                                        : event == 8 ? Steer::Retry
                                                                     : Steer::Purge);
            EXPECT_EQ(said(changes), c.said[event]) << shown;
            if (!changes && c.said[event] != "") {
                EXPECT_EQ(stored(id).state, c.state) << shown;
            }
        }
    }
}

TEST_P(JobStoreContract, WhatWasAddedIsFound) {
    NewJob fresh = job();
    fresh.spec.command = {"a", "b c", "ü"};
    fresh.spec.input = R"({"n":[1,2]})";
    fresh.spec.env = {{"A", "1"}};
    fresh.spec.tags = {"t"};
    fresh.spec.name = "named";
    fresh.spec.priority = -7;
    fresh.spec.metadata["k"] = "v";
    fresh.spec.run_at = at(50);
    fresh.spec.concurrency = ConcurrencyLimit{"c", 2};
    fresh.spec.rate = RateLimit{"r", 3};
    fresh.spec.requires_labels = {"gpu"};
    fresh.submitted_by = identity::UserId::next(clock_);
    const auto added = add(fresh);
    ASSERT_TRUE(added) << added.error().message;
    EXPECT_EQ(added->id, fresh.id);
    EXPECT_FALSE(added->deduplicated);
    EXPECT_EQ(added->brief.eligible_at, at(50));
    const Job found = stored(fresh.id);
    EXPECT_EQ(to_stored_text(found.spec), to_stored_text(fresh.spec));
    EXPECT_EQ(found.submitted_by, fresh.submitted_by);
    EXPECT_EQ(found.created_at, at(0));
    EXPECT_EQ(found.eligible_at, at(50));
    EXPECT_EQ(found.state, JobState::Pending);
    const auto other = run_task(stores_.jobs.find({"other", "live"}, fresh.id));
    ASSERT_TRUE(other);
    EXPECT_FALSE(*other) << "another tenant's";
}

TEST_P(JobStoreContract, ALeaseDrawsAnAttemptAndAToken) {
    const auto added = add(job());
    ASSERT_TRUE(added);
    const LeasedJob first = lease(added->id, 1);
    EXPECT_EQ(first.job.counters.attempt, 1U);
    EXPECT_EQ(first.job.state, JobState::Running);
    EXPECT_EQ(first.job.worker, "w/1");
    EXPECT_EQ(first.job.started_at, at(1));
    EXPECT_NE(first.job.token, LeaseToken{});
    ASSERT_TRUE(finish(first.lease(), outcome(Outcome::Kind::Released)));
    const LeasedJob second = lease(added->id, 5);
    EXPECT_EQ(second.job.counters.attempt, 2U);
    EXPECT_GT(second.job.token, first.job.token);
    EXPECT_GT(second.started_seq, first.started_seq);
    EXPECT_EQ(said(finish(first.lease(), outcome(Outcome::Kind::Succeeded))), "lease_lost");
    std::vector<LogLine> lines(1);
    lines[0].bytes = "late";
    const auto log = run_task(stores_.logs.append(first.lease(), lines));
    ASSERT_FALSE(log);
    EXPECT_EQ(log.error().reason, "lease_lost");
    EXPECT_EQ(stored(added->id).state, JobState::Running);
}

TEST_P(JobStoreContract, AnEndIsKeptWithAllItSaid) {
    const auto added = add(job());
    ASSERT_TRUE(added);
    const auto ref = lease(added->id).lease();
    const auto changes = finish(ref, outcome(Outcome::Kind::Succeeded), 9);
    ASSERT_TRUE(changes);
    ASSERT_EQ(changes->transitions.size(), 1U);
    EXPECT_EQ(changes->transitions[0].from, JobState::Running);
    EXPECT_EQ(changes->transitions[0].output, boost::json::value(42));
    const Job done = stored(added->id);
    EXPECT_EQ(done.output, boost::json::value(42));
    EXPECT_EQ(done.completed_at, at(9));
    EXPECT_FALSE(done.error);

    const auto other = add(job());
    const auto failing = lease(other->id).lease();
    ASSERT_TRUE(finish(failing, outcome(Outcome::Kind::Failed), 9));
    const Job retrying = stored(other->id);
    EXPECT_EQ(retrying.counters.retry_count, 1U);
    EXPECT_EQ(retrying.eligible_at, at(19));
    ASSERT_TRUE(retrying.error);
    EXPECT_EQ(retrying.error->code, Failure::ExitNonzero);
    EXPECT_EQ(retrying.error->exit_code, 3);
    EXPECT_EQ(retrying.exit_code, 3);
}

TEST_P(JobStoreContract, WorkersThatKeepDyingEndAJob) {
    const auto added = add(job());
    ASSERT_TRUE(added);
    for (int i = 0; i < 4; ++i) {
        SweepQuery query;
        query.now = at(10 * i + 5);
        query.lost = {lease(added->id, 10 * i).lease()};
        const auto swept = run_task(stores_.jobs.sweep(query));
        ASSERT_TRUE(swept) << swept.error().message;
        ASSERT_EQ(swept->changes.transitions.size(), 1U) << i;
        EXPECT_EQ(swept->changes.transitions[0].job.state,
                  i < 3 ? JobState::Pending : JobState::Failed);
    }
    const Job job = stored(added->id);
    ASSERT_TRUE(job.error);
    EXPECT_EQ(job.error->code, Failure::Poisoned);
    ASSERT_TRUE(steer(added->id, Steer::Retry, 100));
    EXPECT_EQ(stored(added->id).counters.lost_leases, 0U);
}

TEST_P(JobStoreContract, ExpiredLeasesAreFoundByTime) {
    const auto added = add(job());
    ASSERT_TRUE(added);
    ClaimQuery query;
    query.worker = "w/1";
    query.candidates = {added->id};
    query.lease = Seconds(10);
    query.now = at(0);
    ASSERT_TRUE(run_task(stores_.jobs.claim(query)));
    SweepQuery sweep;
    sweep.find_expired = true;
    sweep.now = at(5);
    EXPECT_TRUE(run_task(stores_.jobs.sweep(sweep))->changes.transitions.empty());
    const Job running = stored(added->id);
    const std::vector<LeaseRef> leases{{added->id, running.token},
                                       {added->id, LeaseToken{1u << 30}}};
    const auto kept = run_task(stores_.jobs.extend("w/1", leases, Seconds(10), at(8)));
    ASSERT_TRUE(kept);
    ASSERT_EQ(kept->size(), 2U);
    EXPECT_TRUE((*kept)[0].kept);
    EXPECT_FALSE((*kept)[1].kept);
    sweep.now = at(12);
    EXPECT_TRUE(run_task(stores_.jobs.sweep(sweep))->changes.transitions.empty());
    sweep.now = at(19);
    EXPECT_EQ(run_task(stores_.jobs.sweep(sweep))->changes.transitions.size(), 1U);
    EXPECT_EQ(stored(added->id).state, JobState::Pending);
}

}  // namespace zs::testing

#include "contract/job_store_contract_more.hpp"
