#include "adapters/relational/postgres/parameters.hpp"

#include <gtest/gtest.h>

namespace zs::relational::postgres {
namespace {

struct Case {
    const char* sql;
    const char* numbered;
    int parameters;
};

TEST(NumberParameters, LeavesWhatIsNoSqlAlone) {
    const Case cases[] = {
        {"", "", 0},
        {"select 1", "select 1", 0},
        {"a = ? and b = ?", "a = $1 and b = $2", 2},
        {"?", "$1", 1},
        {"(?,?,?)", "($1,$2,$3)", 3},
        {"'?' = ?", "'?' = $1", 1},
        {"'it''s ?' = ?", "'it''s ?' = $1", 1},
        {"'back\\' = ?", "'back\\' = $1", 1},
        {"E'it\\'s ?' = ?", "E'it\\'s ?' = $1", 1},
        {"e'\\\\' = ?", "e'\\\\' = $1", 1},
        // A name that ends in e is no E.
        {"type'\\' = ?", "type'\\' = $1", 1},
        {"\"a?\"\"?\" = ?", "\"a?\"\"?\" = $1", 1},
        {"-- ?\n?", "-- ?\n$1", 1},
        {"a - ? --", "a - $1 --", 1},
        {"/* ? /* ? */ ? */ ?", "/* ? /* ? */ ? */ $1", 1},
        {"a / ? * ?", "a / $1 * $2", 2},
        {"$$ ? $$ ?", "$$ ? $$ $1", 1},
        {"$a_1$ ? $$ ? $a$ ? $a_1$ ?", "$a_1$ ? $$ ? $a$ ? $a_1$ $1", 1},
        {"name$x$ ? $x$", "name$x$ $1 $x$", 1},
        {"$1$ ?", "$1$ $1", 1},
        {"$ ?", "$ $1", 1},
        {"data ?? 'key'", "data ? 'key'", 0},
        // What never ends is the server's to refuse.
        {"'?", "'?", 0},
        {"/* ?", "/* ?", 0},
        {"$x$ ?", "$x$ ?", 0},
        {"-- ?", "-- ?", 0},
        {"E'\\", "E'\\", 0},
        {"/*", "/*", 0},
        {"/*/ ? */ ?", "/*/ ? */ $1", 1},
    };
    for (const auto& one : cases) {
        const auto numbered = number_parameters(one.sql);
        EXPECT_EQ(numbered.text, one.numbered);
        EXPECT_EQ(numbered.parameters, one.parameters) << one.sql;
    }
}

}  // namespace
}  // namespace zs::relational::postgres
