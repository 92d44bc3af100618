#include "contract/migrations_suite.hpp"

namespace zs::relational {

INSTANTIATE_TEST_SUITE_P(All, MigrationsContract, ::testing::ValuesIn(testing::all_dialects()),
                         testing::dialect_name);

}  // namespace zs::relational
