#include "adapters/http/routes/session_cookie.hpp"

#include "support/call_route.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

using testing::FakeRequest;
using testing::header_of;

FakeRequest same_origin() {
    FakeRequest request(Method::Post, "/v1/auth/refresh");
    request.with_json("{}").with_header("sec-fetch-site", "same-origin");
    return request;
}

TEST(SessionCookie, IsFoundAmongOthers) {
    FakeRequest request;
    EXPECT_FALSE(session_cookie(request));
    request.with_header("cookie", "a=b; __Host-zs_refresh=tok.en=; c");
    const auto found = session_cookie(request);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->reveal(), "tok.en=");
    request.with_header("cookie", "x__Host-zs_refresh=no; zs_refresh=no; __Host-zs_refresh=");
    EXPECT_FALSE(session_cookie(request));
}

TEST(SessionCookie, NeedsThisOrigin) {
    EXPECT_TRUE(check_cookie_request(same_origin()));
    for (const char* site : {"cross-site", "same-site", ""}) {
        auto request = same_origin();
        request.with_header("sec-fetch-site", site);
        EXPECT_EQ(check_cookie_request(request).error().code, ErrorCode::Forbidden) << site;
    }
    auto typed = same_origin();
    typed.with_header("sec-fetch-site", "none");
    EXPECT_TRUE(check_cookie_request(typed));
}

TEST(SessionCookie, AMatchingOriginStandsInForOldBrowsers) {
    FakeRequest request(Method::Post, "/v1/auth/refresh");
    request.with_json("{}").with_header("host", "db.example.org:8080");
    EXPECT_FALSE(check_cookie_request(request)) << "neither header";
    request.with_header("origin", "http://db.example.org:8080");
    EXPECT_TRUE(check_cookie_request(request));
    request.with_header("origin", "http://evil.example.org");
    EXPECT_FALSE(check_cookie_request(request));
    request.with_header("origin", "null");
    EXPECT_FALSE(check_cookie_request(request));
    request.with_header("origin", "http://db.example.org:8080").over_tls();
    EXPECT_FALSE(check_cookie_request(request)) << "another scheme is another origin";
    request.with_header("sec-fetch-site", "cross-site");
    request.with_header("origin", "https://db.example.org:8080");
    EXPECT_FALSE(check_cookie_request(request)) << "the browser's own word counts first";
}

TEST(SessionCookie, NeedsAJsonBody) {
    for (const char* type : {"text/plain", "application/x-www-form-urlencoded", ""}) {
        auto request = same_origin();
        request.with_header("content-type", type);
        EXPECT_EQ(check_cookie_request(request).error().reason, "unsupported_media_type") << type;
    }
}

TEST(SessionCookie, IsSetAndClearedWithEveryAttribute) {
    Response response;
    const Timestamp now{};
    set_session_cookie(response, "tok", now, now + Seconds(60));
    EXPECT_EQ(header_of(response, "Set-Cookie"),
              "__Host-zs_refresh=tok; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=60");
    Response cleared;
    clear_session_cookie(cleared);
    EXPECT_EQ(header_of(cleared, "Set-Cookie"),
              "__Host-zs_refresh=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
}

}  // namespace
}  // namespace zs::http
