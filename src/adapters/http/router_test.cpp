#include "adapters/http/router.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

Result<Response> nothing_much(Request&) {
    return no_content();
}

class RouterTest : public ::testing::Test {
protected:
    void add(Method method, const char* pattern) {
        router_.add_plain(method, pattern, {}, nothing_much);
    }
    // The pattern that answers, with its parameters.
    std::string find(Method method, std::string_view path) {
        const auto match = router_.match(method, path);
        if (match.route == nullptr) return "-";
        std::string text = match.route->pattern;
        for (const auto& param : match.params)
            text += " " + param;
        return text;
    }
    Router router_;
};

TEST_F(RouterTest, StaticSegmentsWin) {
    add(Method::Get, "/v1/tables/{table}");
    add(Method::Get, "/v1/tables/all");
    add(Method::Get, "/v1/{kind}/all/{x}");
    add(Method::Get, "/");
    EXPECT_EQ(find(Method::Get, "/v1/tables/all"), "/v1/tables/all");
    EXPECT_EQ(find(Method::Get, "/v1/tables/a%20b"), "/v1/tables/{table} a b");
    EXPECT_EQ(find(Method::Get, "/v1/tables/all/1"), "/v1/{kind}/all/{x} tables 1");
    EXPECT_EQ(find(Method::Get, "/v1/tables/"), "-");
    EXPECT_EQ(find(Method::Get, "/v1/tables"), "-");
    EXPECT_EQ(find(Method::Get, "/v1/tables//"), "-");
    EXPECT_EQ(find(Method::Get, "/"), "/");
    EXPECT_EQ(find(Method::Get, "v1"), "-");
    EXPECT_EQ(find(Method::Get, ""), "-");
}

TEST_F(RouterTest, OneTrailingSlashIsIgnored) {
    add(Method::Get, "/a/b");
    EXPECT_EQ(find(Method::Get, "/a/b/"), "/a/b");
    EXPECT_EQ(find(Method::Get, "/a/b//"), "-");
}

TEST_F(RouterTest, TheRestHoldsSlashes) {
    add(Method::Get, "/console/{path*}");
    add(Method::Get, "/console/special");
    EXPECT_EQ(find(Method::Get, "/console/a/b.js"), "/console/{path*} a/b.js");
    EXPECT_EQ(find(Method::Get, "/console"), "/console/{path*} ");
    EXPECT_EQ(find(Method::Get, "/console/special"), "/console/special");
    EXPECT_EQ(find(Method::Get, "/console/special/x"), "/console/{path*} special/x");
    EXPECT_EQ(find(Method::Get, "/consoles"), "-");
}

TEST_F(RouterTest, ParametersAreDecodedAfterTheSplit) {
    add(Method::Get, "/a/{x}/{y}");
    EXPECT_EQ(find(Method::Get, "/a/b%2Fc/d%25"), "/a/{x}/{y} b/c d%");
    EXPECT_EQ(router_.routes()[0]->param_names, (std::vector<std::string>{"x", "y"}));
}

TEST_F(RouterTest, HeadFindsGetAndOtherMethodsAreListed) {
    add(Method::Get, "/a");
    add(Method::Post, "/a");
    EXPECT_EQ(find(Method::Head, "/a"), "/a");
    const auto match = router_.match(Method::Delete, "/a");
    EXPECT_EQ(match.route, nullptr);
    EXPECT_EQ(match.allowed,
              (std::vector<Method>{Method::Get, Method::Head, Method::Post, Method::Options}));
    EXPECT_TRUE(router_.match(Method::Get, "/b").allowed.empty());
}

}  // namespace
}  // namespace zs::http
