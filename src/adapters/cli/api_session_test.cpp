#include "adapters/cli/api_session.hpp"

#include "adapters/cli/account_commands.hpp"
#include "support/fake_http_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

namespace zs::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing_server = zs::testing::FakeHttpServer;
using zs::testing::FakeReply;
using zs::testing::FakeRequest;

std::string bundle(const std::string& access, const std::string& refresh, Timestamp access_end) {
    return R"({"access_token":")" + access + R"(","refresh_token":")" + refresh
           + R"(","access_expires_at":")" + to_rfc3339(access_end)
           + R"(","refresh_expires_at":"2030-01-01T00:00:00Z","user":{"email":"ada@example.org"},)"
             R"("environment":{"slug":"live"}})";
}

class ApiSessionTest : public ::testing::Test {
protected:
    ApiSessionTest() {
        std::string pattern = ::testing::TempDir() + "zs_session_XXXXXX";
        home_ = ::mkdtemp(pattern.data());
        console_.environment["HOME"] = home_;
    }
    ~ApiSessionTest() override { std::filesystem::remove_all(home_); }

    ProfileFile profiles() const {
        return ProfileFile(ProfileFile::default_path(console_.environment));
    }
    void keep_profile(const std::string& url, Timestamp access_end) {
        auto profile = profile_of_bundle(bundle("old", "spend-me", access_end), url);
        ASSERT_TRUE(profile);
        auto file = profiles();
        ASSERT_TRUE(file.put("default", *profile));
    }

    std::string home_;
    std::istringstream in_;
    std::ostringstream out_;
    std::ostringstream err_;
    Console console_{.in = in_, .out = out_, .err = err_, .environment = {}};
    ManualClock clock_;
};

// Answers "who" to the token "new" and 401 to others; refresh makes "new".
FakeReply server_with_new_token(const FakeRequest& request, Timestamp now) {
    if (request.target == "/v1/auth/refresh") {
        return {.body = bundle("new", "next", now + std::chrono::minutes(15))};
    }
    if (request.head.find("Authorization: Bearer new\r\n") != std::string::npos) {
        return {.body = "who"};
    }
    return {.status = 401,
            .body = R"({"error":"unauthenticated","message":"no","request_id":"r1"})"};
}

TEST_F(ApiSessionTest, RenewsATokenThatIsAboutToEnd) {
    testing_server server(
        [&](const FakeRequest& r) { return server_with_new_token(r, clock_.now()); });
    keep_profile(server.url(), clock_.now() + std::chrono::seconds(5));
    auto session = ApiSession::open({}, console_, clock_);
    ASSERT_TRUE(session);
    EXPECT_EQ(session->call({.path = "/v1/whoami"}).value(), "who");
    ASSERT_EQ(server.requests().size(), 2U);
    EXPECT_THAT(server.requests()[0].body, HasSubstr("spend-me"));
    EXPECT_EQ(profiles().find("default").value()->refresh_token.reveal(), "next");
}

TEST_F(ApiSessionTest, RenewsOnceWhenTheServerRefusesTheToken) {
    testing_server server(
        [&](const FakeRequest& r) { return server_with_new_token(r, clock_.now()); });
    keep_profile(server.url(), clock_.now() + std::chrono::hours(1));
    auto session = ApiSession::open({}, console_, clock_);
    EXPECT_EQ(session->call({.path = "/v1/whoami"}).value(), "who");
    EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(ApiSessionTest, GivesUpWhenARenewedTokenIsRefusedToo) {
    testing_server server([&](const FakeRequest& r) -> FakeReply {
        if (r.target == "/v1/auth/refresh") {
            return {.body = bundle("other", "next", clock_.now() + std::chrono::hours(1))};
        }
        return server_with_new_token(r, clock_.now());
    });
    keep_profile(server.url(), clock_.now() + std::chrono::hours(1));
    auto session = ApiSession::open({}, console_, clock_);
    const auto answer = session->call({.path = "/v1/whoami"});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::Unauthenticated);
    EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(ApiSessionTest, TakesTheTokenThatAnotherProcessHasJustMade) {
    testing_server server(
        [&](const FakeRequest& r) { return server_with_new_token(r, clock_.now()); });
    keep_profile(server.url(), clock_.now() + std::chrono::seconds(5));
    auto session = ApiSession::open({}, console_, clock_);
    auto file = profiles();
    ASSERT_TRUE(file.put(
        "default", *profile_of_bundle(bundle("new", "next", clock_.now() + std::chrono::hours(1)),
                                      server.url())));
    EXPECT_EQ(session->call({.path = "/v1/whoami"}).value(), "who");
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(ApiSessionTest, ATokenFromFlagOrVariableIsUsedAsItIs) {
    testing_server server(
        [&](const FakeRequest& r) { return server_with_new_token(r, clock_.now()); });
    console_.environment["ZSERVER_URL"] = server.url() + "/";
    console_.environment["ZSERVER_TOKEN"] = "new";
    EXPECT_EQ(ApiSession::open({}, console_, clock_)->call({.path = "/x"}).value(), "who");
    const Target flag{.url = std::nullopt, .token = "bad", .profile = std::nullopt};
    auto refused = ApiSession::open(flag, console_, clock_)->call({.path = "/x"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().details.at("request_id").as_string(), "r1");
}

TEST_F(ApiSessionTest, TokensGoToNoOtherServer) {
    testing_server server([](const FakeRequest&) { return FakeReply{.body = "never"}; });
    keep_profile("http://127.0.0.1:1", clock_.now() + std::chrono::hours(1));
    const Target other{.url = server.url(), .token = std::nullopt, .profile = std::nullopt};
    const auto answer = ApiSession::open(other, console_, clock_)->call({.path = "/v1/whoami"});
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("not signed in"));
    EXPECT_TRUE(server.requests().empty());
}

TEST_F(ApiSessionTest, AnUnreachableServerIsNamed) {
    std::string url;
    {
        url = testing_server([](const FakeRequest&) { return FakeReply{}; }).url();
    }
    console_.environment["ZSERVER_URL"] = url;
    console_.environment["ZSERVER_TOKEN"] = "t";
    const auto answer = ApiSession::open({}, console_, clock_)->call({.path = "/v1/whoami"});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(answer.error().message, HasSubstr(url + "/v1/whoami"));
}

TEST_F(ApiSessionTest, AnUnusableUrlIsAnError) {
    const Target target{.url = "ftp://x", .token = "t", .profile = std::nullopt};
    EXPECT_EQ(ApiSession::open(target, console_, clock_)->call({}).error().code,
              ErrorCode::InvalidArgument);
}

TEST_F(ApiSessionTest, AnAnswerThatIsNotOursIsExplained) {
    const auto error = error_of_reply({.status = 502, .content_type = {}, .body = "<html>"});
    EXPECT_THAT(error.message, HasSubstr("status 502"));
    // A server cannot make the command line answer "usage" or "interrupted".
    const auto spoofed = error_of_reply(
        {.status = 400, .content_type = {}, .body = R"({"error":"usage","message":"m"})"});
    EXPECT_EQ(spoofed.reason_text(), "invalid_argument");
}

TEST_F(ApiSessionTest, LoginKeepsTheTokensAndLogoutForgetsThem) {
    testing_server server([&](const FakeRequest& request) -> FakeReply {
        if (request.target == "/v1/auth/logout") return {.status = 204};
        return {.body = bundle("acc", "ref", clock_.now() + std::chrono::minutes(15))};
    });
    in_.str("correct horse 9\r\n");
    LoginOptions options;
    options.target.url = server.url();
    options.email = "ada@example.org";
    EXPECT_EQ(run_login(options, console_, clock_), kExitSuccess) << err_.str();
    EXPECT_EQ(profiles().find("default").value()->access_token.reveal(), "acc");
    EXPECT_THAT(server.requests()[0].body, HasSubstr(R"("password":"correct horse 9")"));
    EXPECT_EQ(out_.str(), "");
    EXPECT_THAT(err_.str(), Not(HasSubstr("correct")));

    EXPECT_EQ(run_logout({}, console_, clock_), kExitSuccess) << err_.str();
    EXPECT_THAT(server.requests()[1].body, HasSubstr("\"ref\""));
    EXPECT_FALSE(profiles().find("default").value());
    EXPECT_EQ(run_logout({}, console_, clock_), kExitUsage);
}

TEST_F(ApiSessionTest, LoginWithoutAPasswordIsAUsageErrorAndJsonSaysSo) {
    console_.json = true;
    LoginOptions options;
    options.email = "ada@example.org";
    EXPECT_EQ(run_login(options, console_, clock_), kExitUsage);
    EXPECT_THAT(out_.str(), HasSubstr(R"({"error":"usage","message":"no password)"));
}

TEST_F(ApiSessionTest, WhoamiPrintsFieldsOrJson) {
    testing_server server([](const FakeRequest&) {
        return FakeReply{.body = R"({"user_id":"u1","roles":["admin","x"],"env_id":null})"};
    });
    console_.environment["ZSERVER_URL"] = server.url();
    console_.environment["ZSERVER_TOKEN"] = "t";
    EXPECT_EQ(run_whoami({}, console_, clock_), kExitSuccess);
    EXPECT_THAT(out_.str(), HasSubstr("user_id     u1\nroles       admin, x\nenv_id      -\n"));
    out_.str("");
    console_.json = true;
    EXPECT_EQ(run_whoami({}, console_, clock_), kExitSuccess);
    EXPECT_EQ(out_.str(), "{\"user_id\":\"u1\",\"roles\":[\"admin\",\"x\"],\"env_id\":null}\n");
}

}  // namespace
}  // namespace zs::cli
