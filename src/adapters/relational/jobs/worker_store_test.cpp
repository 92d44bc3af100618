#include "adapters/relational/jobs/worker_store.hpp"

#include "adapters/relational/jobs/job_test_home.hpp"

namespace zs::testing {
namespace {

class SqlWorkers : public ::testing::TestWithParam<relational::Dialect> {
protected:
    jobs::WorkerInfo worker(const std::string& id) {
        jobs::WorkerInfo worker;
        worker.id = id;
        worker.mode = "local";
        worker.labels = {"gpu", "with \"quotes\""};
        worker.kinds = {"process"};
        worker.sandbox = jobs::SandboxTier::L1;
        worker.slots = 4;
        worker.last_seen_at = home_.clock.now();
        return worker;
    }
    void announce(std::vector<jobs::WorkerInfo> workers) {
        const auto before = home_.clock.now() - std::chrono::minutes(5);
        taken_void(run_task(workers_.announce(std::move(workers), before)));
    }
    static void taken_void(const Result<void>& done) {
        if (!done) throw std::runtime_error(done.error().message);
    }
    std::vector<jobs::WorkerInfo> list() { return taken(run_task(workers_.list())); }

    JobHome home_{GetParam()};
    relational::SqlWorkerStore workers_{home_.home->database()};
};

TEST_P(SqlWorkers, WhatTheyToldIsRead) {
    auto named = worker("b");
    named.tenant = kAcme;
    named.mode = "http";
    named.draining = true;
    announce({named, worker("a")});
    const auto all = list();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].id, "a");
    EXPECT_FALSE(all[0].tenant);
    EXPECT_EQ(all[0].labels, worker("a").labels);
    EXPECT_EQ(all[0].kinds, worker("a").kinds);
    EXPECT_EQ(all[0].sandbox, jobs::SandboxTier::L1);
    EXPECT_EQ(all[0].slots, 4U);
    EXPECT_EQ(all[0].last_seen_at, home_.clock.now());
    EXPECT_EQ(all[1].tenant, kAcme);
    EXPECT_EQ(all[1].mode, "http");
    EXPECT_TRUE(all[1].draining);
    taken_void(run_task(workers_.forget({"a", "nobody"})));
    EXPECT_EQ(list().size(), 1U);
}

TEST_P(SqlWorkers, BusyIsWhatTheyReallyHold) {
    announce({worker("w/1"), worker("w/2")});
    home_.add(home_.job());
    home_.add(home_.job());
    const auto leased = home_.claim(2);
    ASSERT_EQ(leased.size(), 2U);
    EXPECT_EQ(list()[0].busy, 2U);
    EXPECT_EQ(list()[1].busy, 0U);
    ASSERT_TRUE(home_.finish(leased[0].lease(), succeeded()));
    EXPECT_EQ(list()[0].busy, 1U);
}

TEST_P(SqlWorkers, WhoIsSilentIsForgottenAndNewsAreNotReplacedByOldNews) {
    announce({worker("old")});
    auto stale = worker("new");
    home_.clock.advance(std::chrono::minutes(6));
    announce({worker("new")});
    stale.slots = 1;
    announce({stale});
    const auto all = list();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].id, "new");
    EXPECT_EQ(all[0].slots, 4U);
}

INSTANTIATE_TEST_SUITE_P(Dialects, SqlWorkers, ::testing::ValuesIn(all_dialects()), dialect_name);

}  // namespace
}  // namespace zs::testing
