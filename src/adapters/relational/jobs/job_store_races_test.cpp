#include "adapters/relational/jobs/job_test_home.hpp"
#include "adapters/relational/migrations.hpp"

#include <algorithm>
#include <map>
#include <set>

// What several processes do to one database at once. On SQLite there is one writer; the rules hold
// there just as well.
namespace zs::testing {
namespace {

using jobs::JobId;
using jobs::LeasedJob;
using jobs::NewJob;

class SqlJobRaces : public ::testing::TestWithParam<relational::Dialect> {
protected:
    // Four claimers, over two connections pools, each as another process would.
    std::vector<Result<std::vector<LeasedJob>>> claim_at_once(std::size_t count,
                                                              std::uint64_t running_max = 0) {
        std::vector<async::Task<Result<std::vector<LeasedJob>>>> tasks;
        for (auto* store : {&home_.store, &second_, &home_.store, &second_}) {
            auto query = home_.query(count);
            query.running_max = running_max;
            tasks.push_back(store->claim(std::move(query)));
        }
        return run_together(std::move(tasks));
    }

    JobHome home_{GetParam()};
    std::unique_ptr<relational::Database> again_ = home_.home->open_again();
    relational::SqlJobStore second_{*again_};
};

TEST_P(SqlJobRaces, NobodyGetsTheJobOfAnother) {
    std::vector<NewJob> batch;
    for (int i = 0; i < 200; ++i)
        batch.push_back(home_.job(i % 2 == 0 ? kAcme : kOther));
    home_.add(std::move(batch));
    std::set<JobId> seen;
    std::set<jobs::LeaseToken> tokens;
    for (int round = 0; round < 100 && seen.size() < 200; ++round) {
        for (auto& leased : claim_at_once(7)) {
            for (const auto& one : taken(std::move(leased))) {
                EXPECT_TRUE(seen.insert(one.job.id).second);
                EXPECT_TRUE(tokens.insert(one.job.token).second);
            }
        }
    }
    EXPECT_EQ(seen.size(), 200U);
}

TEST_P(SqlJobRaces, AKeyIsNeverLeasedBeyondItsLimit) {
    std::vector<NewJob> batch;
    for (int i = 0; i < 40; ++i) {
        batch.push_back(home_.job());
        batch.back().spec.concurrency = jobs::ConcurrencyLimit{"k", 3};
    }
    home_.add(std::move(batch));
    std::vector<LeasedJob> running;
    std::size_t done = 0;
    for (int round = 0; round < 200 && done < 40; ++round) {
        for (auto& leased : claim_at_once(2)) {
            for (auto& one : taken(std::move(leased)))
                running.push_back(std::move(one));
        }
        ASSERT_LE(running.size(), 3U);
        if (running.empty()) continue;  // who holds the key of the decision may find nothing left
        ASSERT_TRUE(home_.finish(running.back().lease(), succeeded()));
        running.pop_back();
        ++done;
    }
    EXPECT_EQ(done, 40U);
}

TEST_P(SqlJobRaces, ATenantNeverRunsMoreThanItsQuota) {
    std::vector<NewJob> batch;
    for (int i = 0; i < 30; ++i)
        batch.push_back(home_.job(i % 3 == 0 ? kOther : kAcme));
    home_.add(std::move(batch));
    std::vector<LeasedJob> running;
    std::size_t done = 0;
    for (int round = 0; round < 300 && done < 30; ++round) {
        for (auto& leased : claim_at_once(2, 3)) {
            for (auto& one : taken(std::move(leased)))
                running.push_back(std::move(one));
        }
        std::map<identity::Tenant, int> of_tenant;
        for (const auto& one : running)
            ASSERT_LE(++of_tenant[one.job.tenant], 3);
        if (running.empty()) continue;
        ASSERT_TRUE(home_.finish(running.back().lease(), succeeded()));
        running.pop_back();
        ++done;
    }
    EXPECT_EQ(done, 30U);
}

TEST_P(SqlJobRaces, OneOfTwoFinishesCounts) {
    for (int i = 0; i < 20; ++i) {
        home_.add(home_.job());
        const auto lease = home_.claim().at(0).lease();
        jobs::FinishedAttempt good;
        good.lease = lease;
        good.now = home_.clock.now();
        auto bad = good;
        bad.outcome = failed();
        bad.outcome.retryable = false;
        std::vector<async::Task<Result<std::vector<Result<jobs::Changes>>>>> tasks;
        tasks.push_back(home_.store.finish({good}));
        tasks.push_back(second_.finish({bad}));
        std::size_t counted = 0;
        for (auto& answers : run_together(std::move(tasks))) {
            auto answer = std::move(taken(std::move(answers)).front());
            if (answer) {
                counted += answer->transitions.size();
            } else {
                EXPECT_EQ(answer.error().reason, "lease_lost");
            }
        }
        EXPECT_EQ(counted, 1U);
    }
}

TEST_P(SqlJobRaces, AChildOfAParentThatEndsIsNotForgotten) {
    for (int i = 0; i < 20; ++i) {
        home_.add(home_.job());
        const auto leased = home_.claim();
        ASSERT_EQ(leased.size(), 1U);
        auto child = home_.job();
        child.spec.depends_on = {{leased[0].job.id.uuid(), jobs::DependsWhen::Succeeded}};
        const auto id = child.id;
        jobs::FinishedAttempt end;
        end.lease = leased[0].lease();
        end.now = home_.clock.now();
        std::vector<async::Task<Result<bool>>> tasks;
        const auto finish = [](relational::SqlJobStore& store,
                               jobs::FinishedAttempt attempt) -> async::Task<Result<bool>> {
            std::vector<jobs::FinishedAttempt> one{std::move(attempt)};
            auto done = co_await store.finish(std::move(one));
            co_return done && done->front().has_value();
        };
        const auto add = [](relational::SqlJobStore& store,
                            NewJob job) -> async::Task<Result<bool>> {
            std::vector<NewJob> one{std::move(job)};
            auto done = co_await store.add(std::move(one), jobs::AddMode::EachAlone);
            co_return done && done->front().has_value();
        };
        tasks.push_back(add(second_, std::move(child)));
        tasks.push_back(finish(home_.store, end));
        for (auto& answer : run_together(std::move(tasks)))
            EXPECT_TRUE(taken(std::move(answer)));
        const auto next = home_.claim();
        ASSERT_EQ(next.size(), 1U) << "whoever was first, it can run now";
        EXPECT_EQ(next[0].job.id, id);
        ASSERT_TRUE(home_.finish(next[0].lease(), succeeded()));
    }
}

TEST_P(SqlJobRaces, OneSubmitOfAUniqueKeyWins) {
    for (int i = 0; i < 10; ++i) {
        std::vector<async::Task<Result<std::vector<Result<jobs::Submitted>>>>> tasks;
        for (auto* store : {&home_.store, &second_, &home_.store, &second_}) {
            auto job = home_.job();
            job.spec.unique_key = "k" + std::to_string(i);
            tasks.push_back(store->add({job}, jobs::AddMode::EachAlone));
        }
        std::set<JobId> ids;
        std::size_t fresh = 0;
        for (auto& answers : run_together(std::move(tasks))) {
            const auto submitted = taken(std::move(taken(std::move(answers)).front()));
            ids.insert(submitted.id);
            fresh += submitted.deduplicated ? 0 : 1;
        }
        EXPECT_EQ(ids.size(), 1U);
        EXPECT_EQ(fresh, 1U);
    }
}

TEST_P(SqlJobRaces, TheSchemaGoesUpAndDown) {
    auto files = taken(relational::embedded_migrations(GetParam()));
    relational::Migrator migrator(home_.home->database(), home_.clock, std::move(files));
    relational::MigrationRange back;
    back.to = 3;
    ASSERT_EQ(taken(run_task(migrator.down(back))).back().version, 4);
    ASSERT_EQ(taken(run_task(migrator.up())).front().version, 4);
    relational::SqlJobStore store(home_.home->database());
    auto added = taken(run_task(store.add({home_.job()}, jobs::AddMode::EachAlone)));
    EXPECT_TRUE(added.front());
}

INSTANTIATE_TEST_SUITE_P(All, SqlJobRaces, ::testing::ValuesIn(all_dialects()), dialect_name);

}  // namespace
}  // namespace zs::testing
