#include "support/memory_collections.hpp"

#include "contract/collection_store_contract.hpp"

#include <memory>

namespace zs::testing {
namespace {

CollectionStores make_memory() {
    static const SystemClock clock;
    static std::unique_ptr<MemoryCollections> current;
    current = std::make_unique<MemoryCollections>(clock);
    return {current.get(), current.get()};
}

const CollectionStoreFactory kMemory{"memory", make_memory};

INSTANTIATE_TEST_SUITE_P(Memory, CollectionStoreContract, ::testing::Values(kMemory),
                         [](const auto& factory) { return factory.param.name; });

}  // namespace
}  // namespace zs::testing
