#include "adapters/relational/idempotency_store.hpp"

#include "contract/idempotency_store_contract.hpp"
#include "support/test_databases.hpp"

namespace zs::testing {
namespace {

// A store on a fresh database of the dialect; the one before is gone.
IdempotencyStore& fresh_store(relational::Dialect dialect) {
    static std::unique_ptr<TestDatabase> database;
    static std::unique_ptr<relational::SqlIdempotencyStore> store;
    store.reset();
    database = TestDatabase::make(dialect);
    store = std::make_unique<relational::SqlIdempotencyStore>(database->database());
    return *store;
}

INSTANTIATE_TEST_SUITE_P(
    Relational, IdempotencyStoreContract,
    ::testing::Values(IdempotencyStoreFactory{"sqlite",
                                              []() -> IdempotencyStore& {
                                                  return fresh_store(relational::Dialect::Sqlite);
                                              }},
                      IdempotencyStoreFactory{"postgres",
                                              []() -> IdempotencyStore& {
                                                  return fresh_store(relational::Dialect::Postgres);
                                              }}),
    name_of);

}  // namespace
}  // namespace zs::testing
