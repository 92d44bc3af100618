#include "adapters/crypto/hmac_token_signer.hpp"
#include "adapters/http/routes/api_key_routes.hpp"
#include "adapters/http/routes/audit_routes.hpp"
#include "adapters/http/routes/auth_routes.hpp"
#include "adapters/http/routes/environment_routes.hpp"
#include "adapters/http/routes/organization_routes.hpp"
#include "adapters/http/routes/permission_routes.hpp"
#include "adapters/http/routes/session_cookie.hpp"
#include "adapters/http/routes/team_routes.hpp"
#include "adapters/http/routes/user_routes.hpp"
#include "core/idempotency/memory_idempotency_store.hpp"
#include "core/identity/identity.hpp"
#include "support/call_route.hpp"
#include "support/memory_identity.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

using testing::call_route;
using testing::FakeRequest;
using testing::header_of;
using testing::json_of;
using testing::run_task;

crypto::HmacTokenSigner test_signer() {
    identity::TokenSecrets secrets;
    secrets.access = Secret(std::string(32, 'a'));
    secrets.refresh = Secret(std::string(32, 'r'));
    const identity::IdentityConfig config;
    auto signer =
        crypto::HmacTokenSigner::make(secrets, {config.issuer, config.audience, Seconds(60)});
    return std::move(signer.value());
}

// The identity services on memory, behind their routes.
class IdentityRoutesTest : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(run_task(identity_.start()));
        auth_.register_routes(router_);
        api_auth_.register_routes(router_);
        environments_.register_routes(router_);
        api_keys_.register_routes(router_);
        permissions_.register_routes(router_);
        users_.register_routes(router_);
        organizations_.register_routes(router_);
        teams_.register_routes(router_);
        audit_.register_routes(router_);
        admin_ = sign_up("admin@example.org");
    }

    Result<Response> send(FakeRequest& request) { return call_route(router_, request); }
    Result<Response> send(Method method, std::string path, std::string body = "",
                          identity::PrincipalPtr who = nullptr, std::string query = "") {
        FakeRequest request(method, std::move(path));
        request.with_principal(std::move(who)).with_query(std::move(query));
        if (!body.empty()) request.with_json(std::move(body));
        return send(request);
    }
    static std::string credentials(const std::string& email, std::string more = "") {
        return R"({"email":")" + email + R"(","password":"correct horse 9")" + more + "}";
    }
    boost::json::value login(const std::string& email) {
        return json_of(send(Method::Post, "/v1/auth/login", credentials(email)));
    }
    identity::PrincipalPtr principal_of(const boost::json::value& bundle) {
        std::string token(bundle.at("access_token").as_string().c_str());
        auto principal = run_task(identity_.authenticator.authenticate(token, "192.0.2.7"));
        return principal ? *principal : nullptr;
    }
    identity::PrincipalPtr sign_up(const std::string& email) {
        auto made = send(Method::Post, "/v1/auth/signup", credentials(email));
        EXPECT_EQ(made->status, 201U);
        return principal_of(login(email));
    }
    static std::string id_of(const boost::json::value& object) {
        return object.at("id").as_string().c_str();
    }

    ManualClock clock_;
    testing::MemoryIdentity stores_{clock_};
    testing::PlainPasswordHasher hasher_;
    testing::PlainNormalizer normalizer_;
    crypto::HmacTokenSigner signer_ = test_signer();
    identity::Identity identity_{
        {stores_, stores_, stores_, stores_, stores_, stores_.organizations, stores_.environments,
         stores_, stores_.audit, hasher_, normalizer_, signer_, clock_},
        identity::IdentityConfig()};
    idempotency::MemoryIdempotencyStore keys_;
    idempotency::IdempotencyService idempotency_service_{keys_, clock_};
    Idempotency idempotency_{idempotency_service_};
    AuthRoutes auth_{identity_.accounts, clock_};
    ApiAuthRoutes api_auth_{identity_.accounts, identity_.environments};
    EnvironmentRoutes environments_{identity_.environments};
    ApiKeyRoutes api_keys_{identity_.api_keys, idempotency_};
    PermissionRoutes permissions_{identity_.permissions, idempotency_};
    UserRoutes users_{identity_.users};
    OrganizationRoutes organizations_{identity_.organizations, idempotency_};
    TeamRoutes teams_{identity_.teams, idempotency_};
    AuditRoutes audit_{identity_.audit};
    Router router_;
    identity::PrincipalPtr admin_;
};

TEST_F(IdentityRoutesTest, LoginRefreshAndLogout) {
    const auto bundle = login("admin@example.org");
    EXPECT_EQ(bundle.at("token_type"), "Bearer");
    const std::string refresh = bundle.at("refresh_token").as_string().c_str();
    const std::string body = R"({"refresh_token":")" + refresh + "\"}";
    EXPECT_EQ(send(Method::Post, "/v1/auth/refresh", body)->status, 200U);
    const auto missing = send(Method::Post, "/v1/auth/refresh", "{}");
    EXPECT_EQ(missing.error().details.at("field"), "refresh_token");
    EXPECT_EQ(send(Method::Post, "/v1/auth/logout", "", principal_of(bundle))->status, 204U);
    EXPECT_EQ(principal_of(bundle), nullptr);
    EXPECT_EQ(send(Method::Post, "/v1/auth/logout").error().code, ErrorCode::Unauthenticated);
}

TEST_F(IdentityRoutesTest, CookieModeHidesTheRefreshToken) {
    FakeRequest login(Method::Post, "/v1/auth/login");
    login.with_json(credentials("admin@example.org", R"(,"cookie":true)"));
    EXPECT_EQ(send(login).error().code, ErrorCode::Forbidden) << "no proof of the origin";
    FakeRequest same(Method::Post, "/v1/auth/login");
    same.with_json(credentials("admin@example.org", R"(,"cookie":true)"));
    same.with_header("sec-fetch-site", "same-origin");
    auto bundle = send(same);
    EXPECT_TRUE(json_of(bundle).at("refresh_token").is_null());
    const std::string cookie = header_of(*bundle, "Set-Cookie");
    EXPECT_TRUE(cookie.starts_with(kSessionCookie)) << cookie;
    EXPECT_NE(cookie.find("Max-Age=604800"), std::string::npos) << cookie;

    FakeRequest refresh(Method::Post, "/v1/auth/refresh");
    refresh.with_json("{}").with_header("sec-fetch-site", "same-origin");
    refresh.with_header("cookie", cookie.substr(0, cookie.find(';')));
    auto renewed = send(refresh);
    EXPECT_TRUE(json_of(renewed).at("refresh_token").is_null());
    const std::string next = header_of(*renewed, "Set-Cookie");

    FakeRequest foreign(Method::Post, "/v1/auth/logout");
    foreign.with_json("{}").with_header("sec-fetch-site", "cross-site");
    foreign.with_header("cookie", next.substr(0, next.find(';')));
    EXPECT_EQ(send(foreign).error().code, ErrorCode::Forbidden);
    FakeRequest logout(Method::Post, "/v1/auth/logout");
    logout.with_json("{}").with_header("sec-fetch-site", "same-origin");
    logout.with_header("cookie", next.substr(0, next.find(';')));
    auto out = send(logout);
    ASSERT_TRUE(out);
    EXPECT_NE(header_of(*out, "Set-Cookie").find("Max-Age=0"), std::string::npos);
    auto again = send(logout);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->status, 401U);
    EXPECT_NE(header_of(*again, "Set-Cookie").find("Max-Age=0"), std::string::npos);
}

TEST_F(IdentityRoutesTest, TheSecondFamilyRepeatsTheToken) {
    auto made = send(Method::Post, "/api/v1/auth/register", credentials("b@example.org"));
    ASSERT_TRUE(made);
    EXPECT_EQ(made->status, 201U);
    const auto bundle = json_of(made);
    EXPECT_EQ(bundle.at("token"), bundle.at("access_token"));
    const auto who = principal_of(bundle);
    const auto me = json_of(send(Method::Get, "/api/v1/auth/me", "", who));
    EXPECT_EQ(me.at("id"), me.at("user_id"));
    EXPECT_EQ(me.at("environment").at("slug"), "live");
    const auto renewed = json_of(send(Method::Post, "/api/v1/auth/refresh", "", who));
    EXPECT_EQ(renewed.at("token"), renewed.at("access_token"));
    EXPECT_FALSE(renewed.as_object().contains("refresh_token"));
    EXPECT_EQ(send(Method::Post, "/api/v1/auth/refresh").error().code, ErrorCode::Unauthenticated);
}

TEST_F(IdentityRoutesTest, SessionsBelongToTheirUser) {
    const auto other = login("admin@example.org");
    const auto sessions = json_of(send(Method::Get, "/v1/auth/sessions", "", admin_));
    ASSERT_EQ(sessions.as_array().size(), 2U);
    const std::string path = "/v1/auth/sessions/" + principal_of(other)->token_id.to_string();
    EXPECT_EQ(send(Method::Delete, path, "", sign_up("c@example.org")).error().code,
              ErrorCode::NotFound);
    EXPECT_EQ(send(Method::Delete, path, "", admin_)->status, 204U);
    EXPECT_EQ(send(Method::Delete, "/v1/auth/sessions/x", "", admin_).error().details.at("field"),
              "id");
}

TEST_F(IdentityRoutesTest, ApiKeysUnderBothNames) {
    for (const std::string base : {"/v1/api-keys", "/api/v1/api-keys"}) {
        auto made = send(Method::Post, base, R"({"name":"ci","scopes":["tables:read"]})", admin_);
        ASSERT_TRUE(made) << base;
        EXPECT_EQ(made->status, 201U);
        const auto key = json_of(made);
        EXPECT_TRUE(std::string(key.at("key").as_string().c_str()).starts_with("zs_"));
        const std::string path = base + "/" + id_of(key);
        EXPECT_FALSE(json_of(send(Method::Get, path, "", admin_)).as_object().contains("key"));
        EXPECT_TRUE(
            json_of(send(Method::Post, path + "/rotate", "", admin_)).as_object().contains("key"));
        EXPECT_TRUE(
            json_of(send(Method::Delete, path, "", admin_)).as_object().contains("message"));
    }
    auto page = send(Method::Get, "/v1/api-keys", "", admin_, "limit=1");
    EXPECT_EQ(json_of(page).as_array().size(), 1U);
    const std::string cursor = header_of(*page, "X-Next-Cursor");
    ASSERT_FALSE(cursor.empty());
    auto rest = send(Method::Get, "/v1/api-keys", "", admin_, "cursor=" + cursor);
    EXPECT_EQ(json_of(rest).as_array().size(), 1U);
    EXPECT_NE(json_of(rest).at(0).at("id"), json_of(page).at(0).at("id"));
}

TEST_F(IdentityRoutesTest, ANewKeyIsNeverKeptForRepetition) {
    for (int i = 0; i < 2; ++i) {
        FakeRequest request(Method::Post, "/v1/api-keys");
        request.with_principal(admin_).with_header("idempotency-key", "once");
        const auto answer = send(request);
        EXPECT_EQ(answer ? "" : answer.error().reason, i == 0 ? "" : "idempotency_reply_lost");
    }
}

TEST_F(IdentityRoutesTest, PermissionsCanBeUpserted) {
    const std::string body =
        R"({"principal":{"kind":"role","id":"reader"},"resource":"tables","allow":["create"]})";
    const auto record = json_of(send(Method::Put, "/v1/permissions", body, admin_));
    EXPECT_EQ(record.at("ok"), true);
    EXPECT_EQ(record.at("resource"), "tables");
    EXPECT_EQ(send(Method::Post, "/v1/permissions", body, admin_).error().reason,
              "permission_exists");
    const std::string path = "/v1/permissions/" + id_of(record);
    const auto changed = json_of(send(Method::Put, path, R"({"allow":[]})", admin_));
    EXPECT_TRUE(changed.at("allow").as_array().empty());
    const auto listed =
        json_of(send(Method::Get, "/v1/permissions", "", admin_, "kind=role&resource=tables"));
    EXPECT_EQ(listed.as_array().size(), 1U);
    EXPECT_EQ(send(Method::Get, "/v1/permissions", "", admin_, "resource=moons")
                  .error()
                  .details.at("field"),
              "resource");
    EXPECT_EQ(send(Method::Delete, path, "", admin_)->status, 204U);
    EXPECT_EQ(send(Method::Get, path, "", admin_).error().code, ErrorCode::NotFound);
    const auto effective = json_of(send(Method::Get, "/v1/permissions/effective", "", admin_));
    EXPECT_EQ(effective.as_object().size(), identity::kResourceCount);
}

TEST_F(IdentityRoutesTest, UsersAreListedAndChanged) {
    const auto user = sign_up("d@example.org");
    const auto found =
        json_of(send(Method::Get, "/v1/users", "", admin_, "email=d%40example.org&status=active"));
    ASSERT_EQ(found.as_array().size(), 1U);
    const std::string path = "/v1/users/" + user->user_id.to_string();
    const auto changed = json_of(send(Method::Put, path, R"({"labels":["x"]})", admin_));
    EXPECT_EQ(changed.at("labels").at(0), "x");
    EXPECT_FALSE(changed.as_object().contains("password_hash"));
    EXPECT_EQ(send(Method::Get, "/v1/users", "", admin_, "status=gone").error().code,
              ErrorCode::InvalidArgument);
}

TEST_F(IdentityRoutesTest, OrganizationsAndTeamsAnswerWindows) {
    const auto org = json_of(
        send(Method::Post, "/api/v1/organizations", R"({"name":"Acme","slug":"acme"})", admin_));
    EXPECT_EQ(org.at("plan"), "free");
    const auto orgs =
        json_of(send(Method::Get, "/api/v1/organizations", "", admin_, "limit=1&offset=0"));
    EXPECT_EQ(orgs.at("organizations").as_array().size(), 1U);
    EXPECT_EQ(orgs.at("limit"), 1);
    EXPECT_EQ(orgs.at("total"), 2);

    const auto user = sign_up("e@example.org");
    const auto team = json_of(send(Method::Post, "/api/v1/teams", R"({"name":"core"})", admin_));
    const std::string members = "/api/v1/teams/" + id_of(team) + "/members";
    const std::string body = R"({"user_id":")" + user->user_id.to_string() + "\"}";
    auto added = send(Method::Post, members, body, admin_);
    EXPECT_EQ(added->status, 201U);
    EXPECT_EQ(json_of(added).at("role"), "member");
    const auto all = json_of(send(Method::Get, members, "", admin_, "limit=1&offset=1"));
    EXPECT_EQ(all.at("total"), 2);
    EXPECT_EQ(all.at("members").as_array().size(), 1U);
    const auto past = json_of(send(Method::Get, members, "", admin_, "offset=9"));
    EXPECT_TRUE(past.at("members").as_array().empty());
    const std::string member = members + "/" + user->user_id.to_string();
    EXPECT_EQ(send(Method::Delete, member, "", admin_)->status, 204U);
    EXPECT_EQ(send(Method::Delete, members + "/x", "", admin_).error().details.at("field"),
              "user_id");
}

TEST_F(IdentityRoutesTest, TheAuditLogIsForAdministrators) {
    const auto records =
        json_of(send(Method::Get, "/v1/audit", "", admin_, "action=login&limit=1"));
    EXPECT_LE(records.as_array().size(), 1U);
    EXPECT_EQ(send(Method::Get, "/v1/audit", "", sign_up("f@example.org")).error().code,
              ErrorCode::Forbidden);
    const auto bad = send(Method::Get, "/v1/audit", "", admin_, "since=yesterday");
    EXPECT_EQ(bad.error().details.at("field"), "since");
}

TEST_F(IdentityRoutesTest, EnvironmentsAreListed) {
    const auto all = json_of(send(Method::Get, "/v1/environments", "", admin_));
    EXPECT_EQ(all.as_array().size(), 2U);
}

}  // namespace
}  // namespace zs::http
