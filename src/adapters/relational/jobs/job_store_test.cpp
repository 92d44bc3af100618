#include "adapters/relational/blob_ledger.hpp"
#include "adapters/relational/file_catalog.hpp"
#include "adapters/relational/jobs/job_test_home.hpp"

#include <algorithm>
#include <set>

namespace zs::testing {
namespace {

using jobs::AddMode;
using jobs::JobFilter;
using jobs::JobId;
using jobs::JobState;
using jobs::NewJob;
using jobs::Steer;

class SqlJobs : public ::testing::TestWithParam<relational::Dialect> {
protected:
    JobHome home_{GetParam()};
};

TEST_P(SqlJobs, AJobComesBackAsItWent) {
    auto job = home_.job();
    job.spec.command = {"python", "x.py", ""};
    job.spec.input = "{\"a\": [1, 2]}";
    job.spec.env = {{"A", "b"}};
    job.spec.metadata["project"] = "analytics";
    job.spec.name = "nightly";
    job.spec.tags = {"a", "b"};
    job.spec.priority = -7;
    job.spec.timeout = Seconds(17);
    job.spec.max_retries = 1;
    job.spec.concurrency = jobs::ConcurrencyLimit{"k", 2};
    job.spec.requires_labels = {"gpu"};
    job.submitted_by = identity::UserId::next(home_.clock);
    const auto id = home_.add(job);
    const auto found = home_.find(id);
    EXPECT_EQ(found.id, job.id);
    EXPECT_EQ(found.tenant, kAcme);
    EXPECT_EQ(to_stored_text(found.spec), to_stored_text(job.spec));
    EXPECT_EQ(found.created_at, job.created_at);
    EXPECT_EQ(found.submitted_by, job.submitted_by);
    EXPECT_EQ(found.last_seq, 1U);
    EXPECT_EQ(found.spec.input, job.spec.input);
    EXPECT_FALSE(run_task(home_.store.find(kOther, id))->has_value());
}

TEST_P(SqlJobs, AFileStaysWhileAJobNeedsIt) {
    relational::SqlBlobLedger ledger(home_.home->database());
    relational::SqlFileCatalog catalog(home_.home->database());
    files::FileRecord file;
    file.tenant = kAcme;
    file.sha256 = *files::Digest::parse(std::string(64, 'a'));
    file.content_type = "text/plain";
    file.created_at = home_.clock.now();
    ASSERT_TRUE(run_task(ledger.claim({file.sha256, 0}, home_.clock.now())));
    ASSERT_TRUE(run_task(catalog.grant(file)));
    auto job = home_.job();
    const auto hex = file.sha256.to_string();
    job.spec.files = {{"a.txt", hex}, {"b/a.txt", hex}};
    job.spec.unique_key = "one";
    job.spec.on_conflict = jobs::OnConflict::Replace;
    const auto id = home_.add(job);
    EXPECT_EQ(run_task(catalog.remove(kAcme, file.sha256)).error().reason, "file_in_use");
    // Replaced by one that needs it no more, and back.
    auto other = job;
    other.id = JobId::next(home_.clock);
    other.spec.files.clear();
    EXPECT_EQ(home_.add(other), id);
    other.spec.files = job.spec.files;
    other.id = JobId::next(home_.clock);
    EXPECT_EQ(home_.add(other), id);
    ASSERT_TRUE(home_.steer(id, Steer::Cancel));
    EXPECT_EQ(run_task(catalog.remove(kAcme, file.sha256)).error().reason, "file_in_use")
        << "it may be redriven";
    ASSERT_TRUE(home_.steer(id, Steer::Purge));
    EXPECT_TRUE(run_task(catalog.remove(kAcme, file.sha256)));
}

TEST_P(SqlJobs, ALongSpecificationIsKeptApart) {
    auto job = home_.job();
    job.spec.command = {"echo", std::string(5000, 'x')};
    const auto id = home_.add(job);
    EXPECT_EQ(home_.find(id).spec.command, job.spec.command);
    ASSERT_EQ(home_.claim().size(), 1U);
    EXPECT_EQ(home_.find(id).spec.command, job.spec.command);
}

TEST_P(SqlJobs, AttemptsAreFencedAndTokensGrow) {
    const auto id = home_.add(home_.job());
    auto first = home_.claim();
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].job.state, JobState::Running);
    EXPECT_EQ(first[0].started_seq, 2U);
    EXPECT_TRUE(home_.claim().empty());
    auto changes = home_.finish(first[0].lease(), failed());
    ASSERT_TRUE(changes);
    ASSERT_EQ(changes->transitions.size(), 1U);
    EXPECT_EQ(changes->transitions[0].job.state, JobState::Retrying);
    EXPECT_EQ(changes->transitions[0].seq, 3U);
    EXPECT_TRUE(home_.claim().empty()) << "it waits for the end of the back-off";
    home_.clock.advance(Millis(5000));
    auto second = home_.claim();
    ASSERT_EQ(second.size(), 1U);
    EXPECT_GT(second[0].job.token, first[0].job.token);
    EXPECT_EQ(second[0].job.counters.attempt, 2U);
    EXPECT_EQ(home_.finish(first[0].lease(), succeeded()).error().reason, "lease_lost");
    auto outcome = succeeded();
    outcome.output = boost::json::value(42);
    ASSERT_TRUE(home_.finish(second[0].lease(), outcome));
    const auto again = home_.finish(second[0].lease(), outcome);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(again->transitions.empty());
    EXPECT_EQ(home_.finish(second[0].lease(), failed()).error().reason, "lease_lost");
    const auto done = home_.find(id);
    EXPECT_EQ(done.state, JobState::Succeeded);
    EXPECT_EQ(done.output, boost::json::value(42));
    EXPECT_FALSE(done.error.has_value());
    EXPECT_EQ(done.completed_at, home_.clock.now());
    EXPECT_EQ(done.counters.retry_count, 1U);
}

TEST_P(SqlJobs, TheErrorOfAnAttemptIsShownWhileItIsRetried) {
    const auto id = home_.add(home_.job());
    auto leased = home_.claim();
    ASSERT_TRUE(home_.finish(leased.at(0).lease(), failed()));
    const auto job = home_.find(id);
    ASSERT_TRUE(job.error.has_value());
    EXPECT_EQ(job.error->code, jobs::Failure::ExitNonzero);
    EXPECT_EQ(job.error->exit_code, 3);
    EXPECT_EQ(job.exit_code, 3);
    EXPECT_EQ(job.error->message, "exit 3 \xEF\xBF\xBD");
}

TEST_P(SqlJobs, TheStoreServesTenantsInTurnAndPrioritiesWithAge) {
    std::vector<NewJob> batch;
    for (int i = 0; i < 4; ++i)
        batch.push_back(home_.job());
    batch.push_back(home_.job(kOther));
    home_.add(std::move(batch));
    auto urgent = home_.job();
    urgent.spec.priority = 3;
    const auto urgent_id = home_.add(urgent);
    auto fresh = home_.claim(2);
    ASSERT_EQ(fresh.size(), 2U);
    std::set<std::string> tenants;
    for (const auto& leased : fresh)
        tenants.insert(leased.job.tenant.org_id);
    EXPECT_EQ(tenants.size(), 2U);
    EXPECT_TRUE(std::any_of(fresh.begin(), fresh.end(),
                            [&](const auto& leased) { return leased.job.id == urgent_id; }));
    home_.clock.advance(Millis(4 * 60'000));
    auto late = home_.job();
    late.spec.priority = 3;
    const auto late_id = home_.add(late);
    EXPECT_NE(home_.claim().at(0).job.id, late_id) << "waiting four minutes is worth more";
}

TEST_P(SqlJobs, TheStoreKeepsLimitsAndNeeds) {
    const auto limited = [&] {
        auto job = home_.job();
        job.spec.concurrency = jobs::ConcurrencyLimit{"k", 2};
        return job;
    };
    std::vector<NewJob> batch{limited(), limited(), limited()};
    for (int i = 0; i < 2; ++i) {
        batch.push_back(home_.job());
        batch.back().spec.rate = jobs::RateLimit{"r", 1};
    }
    batch.push_back(home_.job());
    batch.back().spec.requires_labels = {"gpu"};
    batch.push_back(home_.job());
    batch.back().spec.kind = "media";
    batch.push_back(home_.job());
    batch.back().spec.run_at = home_.clock.now() + Millis(1);
    home_.add(std::move(batch));
    auto query = home_.query(100);
    query.kinds = {"process"};
    auto leased = taken(run_task(home_.store.claim(query)));
    EXPECT_EQ(leased.size(), 3U) << "two of k and one of r";
    EXPECT_TRUE(taken(run_task(home_.store.claim(query))).empty());
    for (const auto& one : leased) {
        if (one.job.spec.concurrency) {
            ASSERT_TRUE(home_.finish(one.lease(), succeeded()));
            break;
        }
    }
    EXPECT_EQ(taken(run_task(home_.store.claim(query))).size(), 1U);
    query.labels = {"gpu", "x"};
    query.kinds.clear();
    EXPECT_EQ(taken(run_task(home_.store.claim(query))).size(), 2U);
    query.now += Millis(60'000);
    EXPECT_EQ(taken(run_task(home_.store.claim(query))).size(), 2U) << "the other of r, and run_at";
}

TEST_P(SqlJobs, ChildrenWaitForTheirParents) {
    std::vector<NewJob> batch{home_.job(), home_.job(), home_.job(), home_.job()};
    batch[0].spec.depends_on = {{batch[1].id.uuid(), jobs::DependsWhen::Finished},
                                {batch[2].id.uuid(), jobs::DependsWhen::Succeeded}};
    batch[3].spec.depends_on = {{batch[0].id.uuid(), jobs::DependsWhen::Succeeded}};
    const std::vector<JobId> ids{batch[0].id, batch[1].id, batch[2].id, batch[3].id};
    for (const auto& answer : home_.add(batch, AddMode::AllOrNone))
        ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(home_.find(ids[0]).open_dependencies, 2U);
    auto leased = home_.claim(10);
    ASSERT_EQ(leased.size(), 2U);
    auto fail_for_good = failed();
    fail_for_good.retryable = false;
    for (auto& one : leased) {
        const bool is_b = one.job.id == ids[1];
        auto changes = home_.finish(one.lease(), is_b ? fail_for_good : succeeded());
        ASSERT_TRUE(changes);
        EXPECT_EQ(changes->transitions.size(), one.job.id == leased.back().job.id ? 2U : 1U);
    }
    auto second = home_.claim(10);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_EQ(second[0].job.id, ids[0]);
    auto changes = home_.finish(second[0].lease(), fail_for_good);
    ASSERT_TRUE(changes);
    ASSERT_EQ(changes->transitions.size(), 2U);
    EXPECT_EQ(changes->transitions[1].job.id, ids[3]);
    EXPECT_EQ(home_.find(ids[3]).state, JobState::Canceled);
    EXPECT_EQ(home_.find(ids[3]).error->code, jobs::Failure::DependencyFailed);
    auto hopeless = home_.job();
    hopeless.spec.depends_on = {{ids[3].uuid(), jobs::DependsWhen::Succeeded}};
    EXPECT_EQ(home_.find(home_.add(hopeless)).state, JobState::Canceled);
    auto foreign = home_.job(kOther);
    foreign.spec.depends_on = {{ids[3].uuid(), jobs::DependsWhen::Finished}};
    auto refused = home_.add({foreign, home_.job()});
    EXPECT_EQ(refused[0].error().reason, "no_such_dependency");
    EXPECT_TRUE(refused[1]) << "each stands alone";
}

TEST_P(SqlJobs, AUniqueKeyHasOneOpenJob) {
    auto job = home_.job();
    job.spec.unique_key = "k";
    const auto id = home_.add(job);
    const auto second = [&](jobs::OnConflict on_conflict) {
        auto other = home_.job();
        other.spec.unique_key = "k";
        other.spec.on_conflict = on_conflict;
        other.spec.command = {"new"};
        return std::move(home_.add(std::vector{other}).front());
    };
    auto same = second(jobs::OnConflict::Return);
    ASSERT_TRUE(same);
    EXPECT_EQ(same->id, id);
    EXPECT_TRUE(same->deduplicated);
    EXPECT_EQ(second(jobs::OnConflict::Error).error().reason, "unique_key_in_use");
    ASSERT_TRUE(second(jobs::OnConflict::Replace));
    EXPECT_EQ(home_.find(id).spec.command, std::vector<std::string>{"new"});
    auto elsewhere = home_.job(kOther);
    elsewhere.spec.unique_key = "k";
    EXPECT_NE(home_.add(elsewhere), id);
    ASSERT_TRUE(home_.steer(id, Steer::Cancel));
    auto fresh = second(jobs::OnConflict::Error);
    ASSERT_TRUE(fresh) << fresh.error().message;
    EXPECT_EQ(home_.steer(id, Steer::Retry).error().reason, "unique_key_in_use");
    ASSERT_TRUE(home_.steer(fresh->id, Steer::Cancel));
    ASSERT_TRUE(home_.steer(id, Steer::Retry));
    EXPECT_EQ(home_.find(id).state, JobState::Pending);
}

TEST_P(SqlJobs, ATimeOfAScheduleFiresOnce) {
    auto job = home_.job();
    job.schedule_id = jobs::ScheduleId::next(home_.clock);
    job.nominal_time = home_.clock.now();
    auto twin = job;
    twin.id = JobId::next(home_.clock);
    const auto answers = home_.add({job, twin});
    EXPECT_TRUE(answers[0]);
    EXPECT_EQ(answers[1].error().reason, "schedule_fired");
}

TEST_P(SqlJobs, ListsFilterAndGoOn) {
    std::vector<NewJob> batch;
    for (int i = 0; i < 300; ++i) {
        batch.push_back(home_.job());
        batch.back().spec.name = i % 3 == 0 ? "third" : "other";
        batch.back().spec.tags = {"t" + std::to_string(i % 5)};
        batch.back().spec.metadata["i"] = std::to_string(i);
        if (i % 10 == 0) home_.clock.advance(Millis(1));
    }
    const auto all = batch;
    home_.add(std::move(batch));
    JobFilter filter;
    filter.name = "third";
    filter.tag = "t0";
    filter.limit = 7;
    std::vector<JobId> seen;
    while (true) {
        auto page = taken(run_task(home_.store.list(kAcme, filter)));
        for (const auto& job : page)
            seen.push_back(job.id);
        if (page.size() < 7) break;
        filter.behind = {page.back().created_at, page.back().id};
    }
    std::vector<JobId> wanted;
    for (std::size_t i = 0; i < 300; i += 15)
        wanted.insert(wanted.begin(), all[i].id);
    EXPECT_EQ(seen, wanted);
    JobFilter one;
    one.metadata = {{"i", "217"}};
    const auto found = taken(run_task(home_.store.list(kAcme, one)));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].id, all[217].id);
    JobFilter open;
    open.every_tenant = true;
    open.states = {JobState::Pending, JobState::Running, JobState::Retrying};
    open.limit = 1000;
    open.behind = {Timestamp(), all[99].id};
    EXPECT_EQ(taken(run_task(home_.store.list({}, open))).size(), 200U);
    open.states = {JobState::Running};
    EXPECT_TRUE(taken(run_task(home_.store.list({}, open))).empty());
    EXPECT_TRUE(taken(run_task(home_.store.list(kOther, one))).empty());
}

TEST_P(SqlJobs, SweepingFindsWhatIsLostAndOld) {
    const auto parent = home_.add(home_.job());
    const auto old = home_.add(home_.job());
    auto leased = home_.claim(2);
    ASSERT_EQ(leased.size(), 2U);
    for (const auto& one : leased)
        ASSERT_TRUE(home_.finish(one.lease(), succeeded()));
    auto other = home_.add(home_.job());
    auto child = home_.job();
    child.spec.depends_on = {{parent.uuid(), jobs::DependsWhen::Succeeded},
                             {other.uuid(), jobs::DependsWhen::Succeeded}};
    const auto child_id = home_.add(child);
    ASSERT_EQ(home_.claim().at(0).job.id, other);
    home_.clock.advance(Millis(300'000));
    jobs::SweepQuery query;
    query.now = home_.clock.now();
    query.find_expired = true;
    query.purge_completed_before = home_.clock.now();
    const auto swept = taken(run_task(home_.store.sweep(query)));
    ASSERT_EQ(swept.changes.transitions.size(), 1U);
    EXPECT_EQ(swept.changes.transitions[0].job.id, other);
    EXPECT_EQ(swept.changes.transitions[0].job.counters.lost_leases, 1U);
    EXPECT_EQ(swept.purged, std::vector<JobId>{old});
    EXPECT_EQ(home_.find(parent).state, JobState::Succeeded) << "a live job depends on it";
    EXPECT_FALSE(run_task(home_.store.find(kAcme, old))->has_value());
    ASSERT_TRUE(home_.steer(child_id, Steer::Cancel));
    EXPECT_EQ(taken(run_task(home_.store.sweep(query))).purged, std::vector<JobId>{parent});
}

TEST_P(SqlJobs, HeartbeatsExtendAndTellOfCancels) {
    const auto id = home_.add(home_.job());
    auto leased = home_.claim();
    const auto lease = leased.at(0).lease();
    ASSERT_TRUE(home_.steer(id, Steer::Cancel));
    ASSERT_TRUE(home_.steer(id, Steer::Cancel)->transitions.empty()) << "once is enough";
    jobs::LeaseRef stale = lease;
    stale.token = jobs::LeaseToken{static_cast<std::uint64_t>(lease.token) + 1};
    home_.clock.advance(Millis(1000));
    const auto now = home_.clock.now();
    const auto states =
        taken(run_task(home_.store.extend("w/1", {lease, stale}, Millis(9000), now)));
    ASSERT_EQ(states.size(), 2U);
    EXPECT_TRUE(states[0].kept);
    EXPECT_TRUE(states[0].cancel_requested);
    EXPECT_FALSE(states[1].kept);
    EXPECT_EQ(home_.find(id).lease_expires_at, now + Millis(9000));
    EXPECT_FALSE(taken(run_task(home_.store.extend("w/2", {lease}, Millis(1), now)))[0].kept);
    auto canceled = succeeded();
    canceled.kind = jobs::Outcome::Kind::Canceled;
    ASSERT_TRUE(home_.finish(lease, canceled));
    EXPECT_EQ(home_.find(id).state, JobState::Canceled);
    EXPECT_EQ(home_.steer(id, Steer::Cancel).error().reason, "job_finished");
    ASSERT_TRUE(home_.steer(id, Steer::Purge));
    EXPECT_EQ(home_.steer(id, Steer::Purge).error().code, ErrorCode::NotFound);
}

TEST_P(SqlJobs, PausedQueuesLeaseNothing) {
    home_.add(home_.job());
    home_.add(home_.job(kOther));
    ASSERT_TRUE(run_task(home_.queues.set_paused(kAcme, true, home_.clock.now())));
    const auto leased = home_.claim(10);
    ASSERT_EQ(leased.size(), 1U);
    EXPECT_EQ(leased[0].job.tenant, kOther);
    EXPECT_EQ(taken(run_task(home_.queues.paused())), std::vector{kAcme});
    const auto counts = taken(run_task(home_.queues.counts(kAcme, home_.clock.now())));
    EXPECT_EQ(counts.pending, 1U);
    EXPECT_EQ(counts.oldest_pending, home_.clock.now());
}

TEST_P(SqlJobs, ArtifactsHoldTheirBytesAsLongAsTheJob) {
    relational::SqlBlobLedger ledger(home_.home->database());
    files::BlobInfo blob;
    blob.sha256 = files::Digest::from_raw(std::string(32, 'a'));
    blob.size = 3;
    ASSERT_TRUE(run_task(ledger.claim(blob, home_.clock.now())));
    const auto id = home_.add(home_.job());
    const auto lease = home_.claim().at(0).lease();
    const jobs::Artifact artifact{"out/a.txt", blob.sha256, blob.size};
    const auto now = home_.clock.now();
    auto unknown = artifact;
    unknown.sha256 = files::Digest::from_raw(std::string(32, 'b'));
    EXPECT_EQ(run_task(home_.artifacts.record(lease, {unknown}, now)).error().reason, "blob_gone");
    ASSERT_TRUE(run_task(home_.artifacts.record(lease, {artifact}, now)));
    ASSERT_TRUE(home_.finish(lease, succeeded()));
    EXPECT_EQ(run_task(home_.artifacts.record(lease, {artifact}, now)).error().reason,
              "lease_lost");
    const auto listed = taken(run_task(home_.artifacts.list(kAcme, id, std::nullopt)));
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0].artifact.name, "out/a.txt");
    EXPECT_EQ(home_.find(id).artifact_count, 1U);
    const auto later = now + Millis(1);
    EXPECT_TRUE(taken(run_task(ledger.condemn({blob.sha256}, later))).empty());
    ASSERT_TRUE(home_.steer(id, Steer::Purge));
    EXPECT_EQ(taken(run_task(ledger.condemn({blob.sha256}, later))).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(All, SqlJobs, ::testing::ValuesIn(all_dialects()), dialect_name);

}  // namespace
}  // namespace zs::testing
