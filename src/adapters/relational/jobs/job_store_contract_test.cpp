#include "contract/job_store_contract.hpp"

#include "adapters/relational/jobs/job_test_home.hpp"
#include "contract/job_store_contract_more.hpp"

namespace zs::testing {
namespace {

struct ContractHome {
    explicit ContractHome(relational::Dialect dialect) : jobs(dialect) {}
    JobHome jobs;
    relational::SqlJobLog logs{jobs.home->database()};
};

JobStores fresh(relational::Dialect dialect) {
    static std::unique_ptr<ContractHome> home;
    home.reset();
    home = std::make_unique<ContractHome>(dialect);
    return {home->jobs.store, home->logs, home->jobs.artifacts, home->jobs.queues};
}
JobStores on_sqlite() {
    return fresh(relational::Dialect::Sqlite);
}
JobStores on_postgres() {
    return fresh(relational::Dialect::Postgres);
}

INSTANTIATE_TEST_SUITE_P(Relational, JobStoreContract,
                         ::testing::Values(JobStoreFactory{"sqlite", on_sqlite},
                                           JobStoreFactory{"postgres", on_postgres}),
                         name_of_job_store);

}  // namespace
}  // namespace zs::testing
