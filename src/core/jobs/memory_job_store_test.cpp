#include "core/jobs/memory_job_store.hpp"

#include "contract/job_store_contract.hpp"

#include <memory>

namespace zs::testing {
namespace {

struct MemoryJobs {
    MemoryJobTables tables;
    MemoryJobStore jobs{tables};
    MemoryJobLog logs{tables};
    MemoryArtifactIndex artifacts{tables};
    MemoryQueueStore queues{tables};
};

JobStores fresh_memory_jobs() {
    static std::unique_ptr<MemoryJobs> stores;
    stores = std::make_unique<MemoryJobs>();
    return {stores->jobs, stores->logs, stores->artifacts, stores->queues};
}

INSTANTIATE_TEST_SUITE_P(Memory, JobStoreContract,
                         ::testing::Values(JobStoreFactory{"memory", fresh_memory_jobs}),
                         name_of_job_store);

}  // namespace
}  // namespace zs::testing
