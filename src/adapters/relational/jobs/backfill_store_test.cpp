#include "adapters/relational/jobs/backfill_store.hpp"

#include "adapters/relational/jobs/job_test_home.hpp"
#include "contract/backfill_store_contract.hpp"

namespace zs::testing {
namespace {

struct BackfillHome {
    explicit BackfillHome(relational::Dialect dialect) : jobs(dialect) {}
    JobHome jobs;
    relational::SqlScheduleStore schedules{jobs.home->database()};
    relational::SqlBackfillStore backfills{jobs.home->database()};
};

BackfillStores fresh(relational::Dialect dialect) {
    static std::unique_ptr<BackfillHome> home;
    home.reset();
    home = std::make_unique<BackfillHome>(dialect);
    return {home->backfills, home->schedules};
}
BackfillStores on_sqlite() {
    return fresh(relational::Dialect::Sqlite);
}
BackfillStores on_postgres() {
    return fresh(relational::Dialect::Postgres);
}

INSTANTIATE_TEST_SUITE_P(Relational, BackfillStoreContract,
                         ::testing::Values(BackfillStoreFactory{"sqlite", on_sqlite},
                                           BackfillStoreFactory{"postgres", on_postgres}),
                         name_of_backfill_store);

}  // namespace
}  // namespace zs::testing
