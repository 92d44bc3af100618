#include "core/jobs/job_state.hpp"

#include "core/jobs/retry_policy.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace zs::jobs {
namespace {

using S = JobState;
using E = JobEvent;
constexpr std::array kEvents{E::Lease,          E::Succeed, E::Fail,   E::FailForGood,
                             E::LoseLease,      E::Release, E::Cancel, E::EndCanceled,
                             E::DependencyFail, E::Redrive};

// What every (state, cancel requested, event) leads to, in the order of kEvents, with retries and
// lost leases to spare. A capital letter is a state: Pending, Running, Succeeded, Failed, rEtrying,
// Canceled; a small one is a refusal: l lease_lost, f job_finished, n not_retryable, r job_running,
// e job_retrying.
struct Row {
    S state;
    bool cancel;
    const char* outcome;
};
constexpr std::array kTable{
    Row{S::Pending, false, "RlllllClCn"},   Row{S::Pending, true, "RlllllClCn"},
    Row{S::Retrying, false, "RlllllClen"},  Row{S::Retrying, true, "RlllllClen"},
    Row{S::Running, false, "rSEFPPRrrn"},   Row{S::Running, true, "rSCCCCRCrn"},
    Row{S::Succeeded, false, "flllllflfn"}, Row{S::Succeeded, true, "flllllflfn"},
    Row{S::Failed, false, "flllllflfP"},    Row{S::Failed, true, "flllllflfP"},
    Row{S::Canceled, false, "flllllflfP"},  Row{S::Canceled, true, "flllllflfP"},
};

char letter(const Result<NextState>& next) {
    if (next) {
        switch (next->state) {
            case S::Pending: return 'P';
            case S::Running: return 'R';
            case S::Succeeded: return 'S';
            case S::Failed: return 'F';
            case S::Retrying: return 'E';
            case S::Canceled: return 'C';
        }
    }
    const std::string& reason = next.error().reason;
    if (reason == "lease_lost") return 'l';
    if (reason == "job_finished") return 'f';
    if (reason == "not_retryable") return 'n';
    if (reason == "job_running") return 'r';
    if (reason == "job_retrying") return 'e';
    return '?';
}

TEST(JobStateRules, EveryPairLeadsWhereTheTableSays) {
    const Counters counters{5, 1, 1};
    for (const Row& row : kTable) {
        for (std::size_t i = 0; i < kEvents.size(); ++i) {
            const auto next = next_state(row.state, row.cancel, counters, kEvents[i], {3, 3});
            EXPECT_EQ(letter(next), row.outcome[i])
                << to_text(row.state) << (row.cancel ? " canceling" : "") << ", event " << i;
            if (!next) {
                EXPECT_EQ(next.error().code, ErrorCode::Conflict);
            }
        }
    }
}

TEST(JobStateRules, CountersMoveOnlyWhereTheyMust) {
    const Counters was{5, 1, 1};
    for (const Row& row : kTable) {
        for (const E event : kEvents) {
            const auto next = next_state(row.state, row.cancel, was, event, {3, 3});
            if (!next) continue;
            Counters wanted = was;
            if (event == E::Lease) ++wanted.attempt;
            if (event == E::Fail && next->state == S::Retrying) ++wanted.retry_count;
            if (event == E::LoseLease && next->state == S::Pending) ++wanted.lost_leases;
            if (event == E::Redrive) wanted.retry_count = wanted.lost_leases = 0;
            EXPECT_EQ(next->counters, wanted) << to_text(row.state) << int(event);
        }
    }
}

TEST(JobStateRules, LimitsEndAJob) {
    auto failed = next_state(S::Running, false, {4, 3, 0}, E::Fail, {3, 3});
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->state, S::Failed);
    EXPECT_EQ(failed->counters.retry_count, 3U);
    auto poisoned = next_state(S::Running, false, {4, 0, 3}, E::LoseLease, {3, 3});
    ASSERT_TRUE(poisoned);
    EXPECT_EQ(poisoned->state, S::Failed);
    EXPECT_EQ(poisoned->failure, Failure::Poisoned);
    auto canceled = next_state(S::Running, true, {4, 3, 3}, E::LoseLease, {3, 3});
    ASSERT_TRUE(canceled);
    EXPECT_EQ(canceled->state, S::Canceled);
    EXPECT_EQ(canceled->failure, Failure::Canceled);
}

TEST(JobStateRules, ACancelIsRememberedAndARedriveForgetsIt) {
    auto asked = next_state(S::Running, false, {1, 0, 0}, E::Cancel, {3, 3});
    ASSERT_TRUE(asked);
    EXPECT_TRUE(asked->cancel_requested);
    auto again = next_state(S::Canceled, true, {1, 0, 0}, E::Redrive, {3, 3});
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->cancel_requested);
}

TEST(JobStateRules, SomeFailuresAreNeverRetried) {
    RetryRules rules;
    rules.no_retry_exit_codes = {2, 64};
    Outcome outcome;
    outcome.kind = Outcome::Kind::Failed;
    outcome.exit_code = 1;
    EXPECT_EQ(event_of(outcome, rules), E::Fail);
    outcome.exit_code = 64;
    EXPECT_EQ(event_of(outcome, rules), E::FailForGood);
    outcome.exit_code.reset();
    outcome.error = JobError{Failure::ExitNonzero, "", 2, std::nullopt};
    EXPECT_EQ(event_of(outcome, rules), E::FailForGood);
    outcome.error = JobError{Failure::InputMissing, "", std::nullopt, std::nullopt};
    EXPECT_EQ(event_of(outcome, {}), E::FailForGood);
    outcome.error = JobError{Failure::SpawnFailed, "", std::nullopt, std::nullopt};
    EXPECT_EQ(event_of(outcome, {}), E::Fail) << "only when the program does not exist";
    outcome.retryable = false;
    EXPECT_EQ(event_of(outcome, {}), E::FailForGood);
}

TEST(RetryPolicy, GrowsToItsLimitAndJittersBelowIt) {
    const QueueConfig config;
    EXPECT_EQ(backoff({}, config, 1, 0.0), Millis(500));
    EXPECT_EQ(backoff({}, config, 1, 0.999999), Millis(999));
    EXPECT_EQ(backoff({}, config, 3, 0.0), Millis(2000));
    EXPECT_EQ(backoff({}, config, 5000, 0.0), Millis(150'000)) << "the limit, also of infinity";
    RetryRules rules;
    rules.initial = Millis(10);
    rules.multiplier = 3.0;
    rules.max = Millis(60);
    EXPECT_EQ(backoff(rules, config, 2, 0.0), Millis(15));
    EXPECT_EQ(backoff(rules, config, 9, 0.0), Millis(30));
}

}  // namespace
}  // namespace zs::jobs
