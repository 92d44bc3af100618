#include "adapters/http/routes/route_support.hpp"

#include "core/identity/permission.hpp"
#include "support/call_route.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

using testing::FakeRequest;
using testing::header_of;
using testing::run_task;

struct Body {
    std::string name;
    std::optional<int> count;
};
BOOST_DESCRIBE_STRUCT(Body, (), (name, count))

TEST(RouteSupport, BodiesAreDecoded) {
    FakeRequest good(Method::Post);
    good.with_body({"{\"na", "me\":\"x\",", "\"other\":1}"});
    good.with_header("content-type", "application/json; charset=utf-8");
    const auto body = run_task(read_body<Body>(good));
    ASSERT_TRUE(body);
    EXPECT_EQ(body->name, "x");
    FakeRequest wrong(Method::Post);
    wrong.with_json("{\"name\":1}");
    const auto refused = run_task(read_body<Body>(wrong));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Unprocessable);
    EXPECT_EQ(refused.error().details.at("field"), "name");
}

TEST(RouteSupport, FiltersNameThemselves) {
    FakeRequest request;
    request.with_query("kind=role&bad=chief");
    EXPECT_EQ(**query_filter<identity::PrincipalKind>(request, "kind"),
              identity::PrincipalKind::Role);
    EXPECT_FALSE(query_filter<identity::PrincipalKind>(request, "missing")->has_value());
    const auto bad = query_filter<identity::PrincipalKind>(request, "bad");
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(bad.error().details.at("field"), "bad");
}

TEST(RouteSupport, TheNextLinkKeepsTheFilters) {
    FakeRequest request(Method::Get, "/v1/users");
    request.with_query("status=active&cursor=old&email=a%40b.co");
    const auto last = page_response(request, {}, std::nullopt);
    EXPECT_EQ(header_of(last, "Link"), "");
    EXPECT_EQ(last.body, "[]");
    const auto more = page_response(request, {}, "new");
    EXPECT_EQ(header_of(more, "X-Next-Cursor"), "new");
    EXPECT_EQ(header_of(more, "Link"),
              "</v1/users?status=active&email=a%40b.co&cursor=new>; rel=\"next\"");
}

TEST(RouteSupport, WindowsAreBounded) {
    FakeRequest request;
    EXPECT_EQ(window_of(request)->limit, 100);
    request.with_query("limit=5&offset=10");
    EXPECT_EQ(window_of(request)->offset, 10);
    request.with_query("offset=-1");
    EXPECT_FALSE(window_of(request));
    const auto response = window_response("teams", {1, 2}, 7, Window{2, 4});
    EXPECT_EQ(response.body, R"({"teams":[1,2],"total":7,"offset":4,"limit":2})");
}

TEST(RouteSupport, PagesOfAListSurviveInserts) {
    const auto self = [](const std::string& item) { return item; };
    identity::PageRequest wanted{2, std::nullopt};
    const auto first =
        page_of<std::string>({"c", "a", "d"}, wanted, "f", self, SortOrder::Ascending);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->items, (std::vector<std::string>{"a", "c"}));
    wanted.cursor = first->next_cursor;
    const auto second =
        page_of<std::string>({"c", "a", "b", "d"}, wanted, "f", self, SortOrder::Ascending);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->items, (std::vector<std::string>{"d"}));
    EXPECT_FALSE(second->next_cursor);
    EXPECT_FALSE(page_of<std::string>({}, wanted, "other", self, SortOrder::Ascending));
}

}  // namespace
}  // namespace zs::http
