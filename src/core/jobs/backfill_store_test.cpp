#include "contract/backfill_store_contract.hpp"
#include "core/jobs/memory_backfill_store.hpp"
#include "core/jobs/memory_plan_stores.hpp"

#include <memory>

namespace zs::testing {
namespace {

struct MemoryBackfills {
    jobs::MemoryScheduleStore schedules;
    jobs::MemoryBackfillStore backfills{schedules};
};

BackfillStores fresh_memory_backfills() {
    static std::unique_ptr<MemoryBackfills> stores;
    stores = std::make_unique<MemoryBackfills>();
    return {stores->backfills, stores->schedules};
}

INSTANTIATE_TEST_SUITE_P(Memory, BackfillStoreContract,
                         ::testing::Values(BackfillStoreFactory{"memory", fresh_memory_backfills}),
                         name_of_backfill_store);

}  // namespace
}  // namespace zs::testing
