#include "adapters/relational/postgres/url.hpp"

#include <gtest/gtest.h>

namespace zs::relational::postgres {
namespace {

TEST(UnambiguousUrl, AcceptsWhatCanBeReadOneWay) {
    for (const char* good :
         {"postgres://u:p@host:5432/db", "postgresql://u:p%40@host/db?sslmode=require",
          "postgres:///db?host=/run", "postgres://host/db", "host=x password=p@w",
          "postgres://u@/db?host=/tmp/x"}) {
        EXPECT_TRUE(is_unambiguous_url(good)) << good;
    }
}

TEST(UnambiguousUrl, RefusesAPasswordThatSpillsOver) {
    for (const char* bad : {"postgres://u:p@w@host/db", "postgres://u:p/w@host/db",
                            "postgres://u:p?w@host/db", "postgres://u:p#w@host/db"}) {
        EXPECT_FALSE(is_unambiguous_url(bad)) << bad;
    }
}

}  // namespace
}  // namespace zs::relational::postgres
