#include "adapters/relational/jobs/stored_bytes.hpp"

#include "adapters/relational/blob_ledger.hpp"
#include "adapters/relational/jobs/job_test_home.hpp"

namespace zs::testing {
namespace {

class SqlBytes : public ::testing::TestWithParam<relational::Dialect> {
protected:
    // A job of `tenant` that left an artifact of this size and a line of a log.
    void run_job(const identity::Tenant& tenant, char content, std::uint64_t size,
                 const std::string& line) {
        home_.add(home_.job(tenant));
        const auto lease = home_.claim().at(0).lease();
        jobs::Artifact artifact;
        artifact.name = "a";
        artifact.sha256 = *files::Digest::parse(std::string(64, content));
        artifact.size = size;
        relational::SqlBlobLedger ledger(home_.home->database());
        ASSERT_TRUE(run_task(ledger.claim({artifact.sha256, size}, home_.clock.now())));
        ASSERT_TRUE(run_task(home_.artifacts.record(lease, {artifact}, home_.clock.now())));
        relational::SqlJobLog log(home_.home->database());
        std::vector<jobs::LogLine> lines(1);
        lines[0].bytes = line;
        ASSERT_TRUE(run_task(log.append(lease, lines)));
        ASSERT_TRUE(home_.finish(lease, succeeded()));
        last_ = lease.job;
    }

    JobHome home_{GetParam()};
    relational::SqlStoredBytes bytes_{home_.home->database()};
    jobs::JobId last_;
};

TEST_P(SqlBytes, AreAddedUpPerTenantAndGoWithTheJob) {
    EXPECT_TRUE(taken(run_task(bytes_.by_tenant())).empty());
    EXPECT_EQ(taken(run_task(bytes_.artifacts())), 0U);
    run_job(kOther, 'a', 1000, "x");
    run_job(kAcme, 'a', 1000, "hello");
    run_job(kAcme, 'b', 50, std::string(3000, 'y'));
    auto all = taken(run_task(bytes_.by_tenant()));
    EXPECT_EQ(all[kAcme].artifacts, 1050U);
    EXPECT_GE(all[kAcme].logs, 3005U);
    EXPECT_LT(all[kAcme].logs, 3100U);
    EXPECT_EQ(all[kOther].artifacts, 1000U);
    EXPECT_EQ(taken(run_task(bytes_.artifacts())), 2050U);
    ASSERT_TRUE(home_.steer(last_, jobs::Steer::Purge));
    all = taken(run_task(bytes_.by_tenant()));
    EXPECT_EQ(all[kAcme].artifacts, 1000U);
    EXPECT_LT(all[kAcme].logs, 100U);
}

INSTANTIATE_TEST_SUITE_P(Dialects, SqlBytes, ::testing::ValuesIn(all_dialects()), dialect_name);

}  // namespace
}  // namespace zs::testing
