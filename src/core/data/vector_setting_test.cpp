#include "core/data/vector_setting.hpp"

#include "core/data/limits.hpp"
#include "core/data/sql_service.hpp"
#include "support/fake_sql_engine.hpp"
#include "support/run_task.hpp"

#include <gtest/gtest.h>

namespace zs::data {
namespace {

using Kind = VectorSetting::Kind;

TEST(VectorSetting, ReadsItsStatements) {
    for (const char* sql :
         {"SET hnsw.ef_search = 128", "set hnsw.ef_search=128;",
          "/* x */ SET SESSION Hnsw.Ef_Search TO 128 ; ", "SET LOCAL hnsw.ef_search TO '128'"}) {
        const auto setting = read_vector_setting(sql);
        ASSERT_TRUE(setting && *setting) << sql;
        EXPECT_EQ((*setting)->kind, Kind::Set);
        EXPECT_EQ((*setting)->ef_search, 128U);
    }
    for (const char* sql : {"RESET hnsw.ef_search", "SET hnsw.ef_search TO DEFAULT"})
        EXPECT_EQ((*read_vector_setting(sql))->kind, Kind::Reset) << sql;
    EXPECT_EQ((*read_vector_setting("show hnsw.ef_search"))->kind, Kind::Show);
    for (const char* sql : {"SELECT 1", "", "SETTLE", "showing", "settings"}) {
        const auto setting = read_vector_setting(sql);
        EXPECT_TRUE(setting && !*setting) << sql;
    }
}

TEST(VectorSetting, RefusesOtherNamesAndValues) {
    for (const char* sql :
         {"SET hnsw.ef_search = 0", "SET hnsw.ef_search = 10001", "SET hnsw.ef_search = -1",
          "SET hnsw.ef_search = 64 x", "SET hnsw.ef_search",
          "SET hnsw.ef_search =", "SET hnsw.ef_search = 6.5", "SET search_path = x", "SHOW tables",
          "RESET ALL", "SET", "SHOW hnsw.ef_search now", "SET hnsw.ef_search 64"}) {
        const auto setting = read_vector_setting(sql);
        ASSERT_FALSE(setting) << sql;
        EXPECT_EQ(setting.error().code, ErrorCode::InvalidArgument) << sql;
        EXPECT_EQ(setting.error().reason, "sql_error") << sql;
    }
}

class SessionSettingsTest : public ::testing::Test {
protected:
    static identity::PrincipalPtr caller(int number, const std::string& environment) {
        auto made = std::make_shared<identity::Principal>();
        made->tenant.org_id = "acme";
        made->tenant.env_slug = environment;
        made->token_id =
            *Uuid::parse("00000000-0000-7000-8000-00000000000" + std::to_string(number));
        made->rights = std::make_shared<identity::Rights>(identity::Rights::everything());
        return made;
    }
    std::size_t used_by(const identity::PrincipalPtr& who, std::string sql = "SELECT 1",
                        std::optional<std::size_t> ef = {}) {
        SqlCall call;
        call.sql = std::move(sql);
        call.ef_search = ef;
        const auto done = testing::run_task(service_.execute(std::move(call), who, nullptr));
        EXPECT_TRUE(done.has_value());
        return engine_.last.ef_search;
    }
    testing::FakeSqlEngine engine_;
    SqlService service_{engine_, SqlLimits()};
};

TEST_F(SessionSettingsTest, AreTheCallersOwn) {
    const auto one = caller(1, "live");
    const auto other = caller(2, "live");
    const auto elsewhere = caller(1, "sandbox");
    EXPECT_EQ(used_by(one), limits::kVectorEfDefault);
    used_by(one, "SET hnsw.ef_search = 200");
    EXPECT_EQ(engine_.last.sql, "SELECT 1") << "the engine never sees a setting";
    EXPECT_EQ(used_by(one), 200U);
    EXPECT_EQ(used_by(one, "SELECT 2", 7), 7U);
    EXPECT_EQ(used_by(other), limits::kVectorEfDefault);
    EXPECT_EQ(used_by(elsewhere), limits::kVectorEfDefault);
    used_by(one, "SHOW hnsw.ef_search");
    EXPECT_EQ(engine_.last.sql, R"(SELECT 200 AS "hnsw.ef_search")");
    used_by(one, "RESET hnsw.ef_search");
    EXPECT_EQ(used_by(one), limits::kVectorEfDefault);
}

TEST_F(SessionSettingsTest, TheOldestIsForgotten) {
    SessionSettings settings;
    const auto first = caller(1, "live");
    settings.set_ef_search(*first, 10);
    for (std::size_t i = 0; i < limits::kSessionSettingsMax; ++i) {
        const auto other = caller(2, "e" + std::to_string(i));
        settings.set_ef_search(*other, 20);
        settings.set_ef_search(*other, 21);
    }
    EXPECT_EQ(settings.ef_search(*first), std::nullopt);
    EXPECT_EQ(settings.ef_search(*caller(2, "e1")), 21U);
}

}  // namespace
}  // namespace zs::data
