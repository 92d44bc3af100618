#include "core/idempotency/memory_idempotency_store.hpp"

#include "contract/idempotency_store_contract.hpp"

namespace zs::testing {
namespace {

IdempotencyStore& fresh_memory_store() {
    static std::unique_ptr<idempotency::MemoryIdempotencyStore> store;
    store = std::make_unique<idempotency::MemoryIdempotencyStore>();
    return *store;
}

INSTANTIATE_TEST_SUITE_P(Memory, IdempotencyStoreContract,
                         ::testing::Values(IdempotencyStoreFactory{"memory", fresh_memory_store}),
                         name_of);

}  // namespace
}  // namespace zs::testing
