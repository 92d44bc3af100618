#pragma once

#include "adapters/relational/open_database.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace zs::testing {

enum class Schema { Migrated, Empty };

// A database nobody else uses: a SQLite file in a folder of its own, or a fresh PostgreSQL database
// on the server that this test process started. Gone when it is destroyed.
class TestDatabase {
public:
    // Throws, which fails the test, when it cannot be made.
    static std::unique_ptr<TestDatabase> make(relational::Dialect dialect,
                                              Schema schema = Schema::Migrated);
    virtual ~TestDatabase() = default;

    virtual relational::Database& database() = 0;
    virtual async::BlockingPool& blocking() = 0;
    // Opens the same database once more, as another process would.
    virtual std::unique_ptr<relational::Database> open_again() = 0;
};

// Every dialect, for contract suites:
//
//     class UserStoreContract : public ::testing::TestWithParam<relational::Dialect> {
//         std::unique_ptr<testing::TestDatabase> home_ = testing::TestDatabase::make(GetParam());
//     …
//     INSTANTIATE_TEST_SUITE_P(All, UserStoreContract,
//                              ::testing::ValuesIn(testing::all_dialects()),
//                              testing::dialect_name);
//
// The test's CMake names test_databases in TEST_DEPS.
std::vector<relational::Dialect> all_dialects();
std::string dialect_name(const ::testing::TestParamInfo<relational::Dialect>& info);

}  // namespace zs::testing
