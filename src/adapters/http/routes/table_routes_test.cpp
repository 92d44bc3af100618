#include "adapters/http/routes/table_routes.hpp"

#include "async/io_runtime.hpp"
#include "support/call_route.hpp"
#include "support/fake_sql_engine.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

using identity::Resource;
using identity::Right;
using testing::call_route;
using testing::FakeRequest;
using testing::FakeSqlEngine;
using testing::header_of;
using testing::json_of;
using testing::some_principal;

class TableRoutesTest : public ::testing::Test {
protected:
    void SetUp() override {
        routes_.register_routes(router_);
        for (const char* name : {"zebra", "apple", "mango"}) {
            data::TableInfo table;
            table.name = name;
            table.row_count = 3;
            table.columns.push_back({"id", "INTEGER", false, true});
            table.indexes.push_back({std::string(name) + "_by_id", true, {"id"}});
            engine_.all_tables.push_back(table);
        }
        engine_.all_tables[2].kind = data::TableKind::View;
    }

    Result<Response> get(std::string path, std::string query = "",
                         identity::PrincipalPtr who = some_principal()) {
        FakeRequest request(Method::Get, std::move(path));
        request.with_query(std::move(query)).with_principal(std::move(who));
        return call_route(router_, request);
    }

    async::IoRuntime io_{1};
    FakeSqlEngine engine_;
    data::SqlService sql_{engine_, data::SqlLimits()};
    SqlAnswers answers_{io_.executor()};
    TableRoutes routes_{sql_, answers_};
    Router router_;
};

TEST_F(TableRoutesTest, ListsTablesByName) {
    const auto tables = json_of(get("/v1/tables"));
    ASSERT_EQ(tables.as_array().size(), 3U);
    EXPECT_EQ(tables.at(0).at("name"), "apple");
    EXPECT_EQ(tables.at(2).at("name"), "zebra");
    const auto& column = tables.at(0).at("columns").at(0);
    EXPECT_EQ(column.at("ty"), "INTEGER");
    EXPECT_EQ(column.at("type"), "INTEGER");
    EXPECT_EQ(column.at("nullable"), false);
    EXPECT_EQ(column.at("primary_key"), true);
    EXPECT_EQ(tables.at(0).as_object().count("indexes"), 0U);
}

TEST_F(TableRoutesTest, FiltersByKind) {
    EXPECT_EQ(json_of(get("/v1/tables", "kind=view")).as_array().size(), 1U);
    EXPECT_EQ(json_of(get("/v1/tables", "kind=collection")).as_array().size(), 0U);
    EXPECT_EQ(get("/v1/tables", "kind=index").error().details.at("field"), "kind");
}

TEST_F(TableRoutesTest, PagesFollowEachOther) {
    auto first = get("/v1/tables", "limit=2");
    ASSERT_TRUE(first);
    const std::string cursor = header_of(*first, "X-Next-Cursor");
    ASSERT_FALSE(cursor.empty());
    EXPECT_EQ(header_of(*first, "Link"),
              "</v1/tables?limit=2&cursor=" + cursor + ">; rel=\"next\"");
    auto second = get("/v1/tables", "limit=2&cursor=" + cursor);
    EXPECT_EQ(json_of(second).as_array().size(), 1U);
    EXPECT_EQ(header_of(*second, "X-Next-Cursor"), "");
    EXPECT_EQ(get("/v1/tables", "kind=view&cursor=" + cursor).error().reason, "invalid_cursor");
    EXPECT_EQ(get("/v1/tables", "cursor=nonsense").error().reason, "invalid_cursor");
    EXPECT_FALSE(get("/v1/tables", "limit=0"));
    EXPECT_FALSE(get("/v1/tables", "limit=1001"));
}

TEST_F(TableRoutesTest, ARecordForOneTableIsEnoughToSeeIt) {
    identity::Rights one;
    one.set_table("mango", {Right::Read});
    const auto tables = json_of(get("/v1/tables", "", some_principal(one)));
    ASSERT_EQ(tables.as_array().size(), 1U);
    EXPECT_EQ(tables.at(0).at("name"), "mango");
    EXPECT_EQ(get("/v1/tables/apple", "", some_principal(one)).error().reason, "no_such_table");
}

TEST_F(TableRoutesTest, WithoutTheRightItIsForbidden) {
    identity::Rights writer;
    writer.set(Resource::Tables, {Right::Create});
    for (const char* path : {"/v1/tables", "/v1/tables/apple", "/v1/tables/apple/sample"}) {
        const auto refused = get(path, "", some_principal(writer));
        ASSERT_FALSE(refused) << path;
        EXPECT_EQ(refused.error().code, ErrorCode::Forbidden) << path;
    }
}

TEST_F(TableRoutesTest, OneTableHasItsIndexes) {
    const auto table = json_of(get("/v1/tables/apple"));
    EXPECT_EQ(table.at("indexes").at(0).at("name"), "apple_by_id");
    EXPECT_EQ(table.at("indexes").at(0).at("unique"), true);
    EXPECT_EQ(get("/v1/tables/missing").error().code, ErrorCode::NotFound);
}

TEST_F(TableRoutesTest, ASampleIsAShortResult) {
    const auto sample = json_of(get("/v1/tables/apple/sample", "limit=7"));
    EXPECT_EQ(sample.at("row_count"), 0);
    EXPECT_EQ(engine_.last.rows_max, 7U);
    ASSERT_TRUE(get("/v1/tables/apple/sample"));
    EXPECT_EQ(engine_.last.rows_max, 20U);
    EXPECT_FALSE(get("/v1/tables/apple/sample", "limit=101"));
    EXPECT_EQ(get("/v1/tables/missing/sample").error().reason, "no_such_table");
}

}  // namespace
}  // namespace zs::http
