#include "base/encoding.hpp"
#include "contract/identity_store_suite.hpp"

namespace zs::identity {
namespace {

TEST_P(IdentityContract, RefreshRotatesAndKeepsTheSession) {
    sign_up("a@b.co");
    const auto first = log_in("a@b.co");
    const auto session = who(first.access_token)->token_id;
    clock_.advance(Seconds(60));
    const auto second = good(refresh_task(first.refresh_token));
    EXPECT_NE(second.refresh_token, first.refresh_token);
    EXPECT_EQ(who(second.access_token)->token_id, session);
    EXPECT_EQ(check(first.access_token), "ok") << "an access token lives to its end";
    EXPECT_EQ(second.refresh_expires_at - first.refresh_expires_at, Seconds(60));
    EXPECT_EQ(reason(refresh_task(second.refresh_token)), "ok");
}

TEST_P(IdentityContract, SpentTokenGivesTheSameSuccessorWithinTheGrace) {
    sign_up("a@b.co");
    const auto first = log_in("a@b.co");
    const auto second = good(refresh_task(first.refresh_token));
    clock_.advance(Millis(9'999));
    const auto again = good(refresh_task(first.refresh_token));
    EXPECT_EQ(again.refresh_token, second.refresh_token);
    EXPECT_EQ(check(again.access_token), "ok");
    EXPECT_EQ(reason(refresh_task(second.refresh_token)), "ok");
}

TEST_P(IdentityContract, ReuseAfterTheGraceRevokesTheFamily) {
    sign_up("a@b.co");
    std::vector<SessionId> ended;
    id().cache.on_session_ended([&](SessionId session) { ended.push_back(session); });
    const auto first = log_in("a@b.co");
    const auto second = good(refresh_task(first.refresh_token));
    const auto third = good(refresh_task(second.refresh_token));
    const auto session = who(third.access_token)->token_id;
    clock_.advance(Millis(10'000));
    EXPECT_EQ(reason(refresh_task(first.refresh_token)), "invalid_refresh_token");
    EXPECT_EQ(reason(refresh_task(third.refresh_token)), "invalid_refresh_token")
        << "a descendant of a reused token must not refresh";
    EXPECT_EQ(reason(refresh_task(second.refresh_token)), "invalid_refresh_token");
    EXPECT_EQ(check(third.access_token), "unauthenticated");
    EXPECT_EQ(check(first.access_token), "unauthenticated");
    EXPECT_EQ(ended, std::vector<SessionId>{SessionId(session)});
    const auto admin = who(log_in("a@b.co").access_token);
    const auto rows = audit_rows(admin, "refresh_token.reuse");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].object, "session/" + session.to_string());
}

TEST_P(IdentityContract, ConcurrentRefreshesAgreeOnTheSuccessor) {
    sign_up("a@b.co");
    const auto first = log_in("a@b.co");
    std::vector<async::Task<Result<TokenBundle>>> tasks;
    for (int i = 0; i < 6; ++i)
        tasks.push_back(refresh_task(first.refresh_token));
    std::string successor;
    for (const auto& bundle : testing::run_together(std::move(tasks))) {
        ASSERT_TRUE(bundle) << bundle.error().message;
        if (successor.empty()) successor = bundle->refresh_token;
        EXPECT_EQ(bundle->refresh_token, successor);
    }
    EXPECT_EQ(reason(refresh_task(successor)), "ok");
}

TEST_P(IdentityContract, RefreshSurvivesARestart) {
    sign_up("a@b.co");
    const auto first = log_in("a@b.co");
    const auto second = good(refresh_task(first.refresh_token));
    restart(test_config());
    EXPECT_EQ(good(refresh_task(first.refresh_token)).refresh_token, second.refresh_token);
    EXPECT_EQ(check(second.access_token), "ok");
}

TEST_P(IdentityContract, SessionsEndIdleAndInAll) {
    sign_up("a@b.co");
    const auto idle = log_in("a@b.co");
    clock_.advance(Seconds(604'800));
    EXPECT_EQ(reason(refresh_task(idle.refresh_token)), "invalid_refresh_token");

    auto bundle = log_in("a@b.co");
    for (int day = 0; day < 90; day += 6) {
        clock_.advance(std::chrono::hours(24 * 6) - Seconds(1));
        auto next = run(refresh_task(bundle.refresh_token));
        ASSERT_TRUE(next) << "day " << day;
        bundle = std::move(*next);
    }
    EXPECT_LE(bundle.refresh_expires_at, clock_.now() + Seconds(60));
    clock_.advance(Seconds(60));
    EXPECT_EQ(reason(refresh_task(bundle.refresh_token)), "invalid_refresh_token");
    EXPECT_EQ(check(bundle.access_token), "unauthenticated");
}

TEST_P(IdentityContract, SwitchingTheEnvironmentKeepsTheSession) {
    sign_up("a@b.co");
    const auto live = log_in("a@b.co");
    SwitchEnvironmentRequest request;
    request.refresh_token = Secret(live.refresh_token);
    request.environment = "staging";
    EXPECT_EQ(reason(id().accounts.switch_environment(request, client_)), "unknown_environment");
    request.environment = "sandbox";
    const auto sandbox = good(id().accounts.switch_environment(request, client_));
    EXPECT_EQ(sandbox.environment.slug, "sandbox");
    const auto principal = who(sandbox.access_token);
    EXPECT_EQ(principal->tenant.env_slug, "sandbox");
    EXPECT_EQ(principal->token_id, who(live.access_token)->token_id);
    EXPECT_EQ(who(live.access_token)->tenant.env_slug, "live");
    EXPECT_EQ(good(refresh_task(sandbox.refresh_token)).environment.slug, "sandbox");
    request.refresh_token = Secret("nonsense");
    EXPECT_EQ(reason(id().accounts.switch_environment(request, client_)), "invalid_refresh_token");
}

TEST_P(IdentityContract, LogoutEndsOneSessionOrAll) {
    sign_up("a@b.co");
    const auto one = log_in("a@b.co");
    const auto two = log_in("a@b.co");
    const auto three = log_in("a@b.co");
    for (const auto* bundle : {&one, &two, &three})
        who(bundle->access_token);
    LogoutRequest by_token;
    by_token.refresh_token = Secret(one.refresh_token);
    good(id().accounts.logout(by_token, nullptr, client_));
    EXPECT_EQ(check(one.access_token), "unauthenticated");
    EXPECT_EQ(check(two.access_token), "ok");
    EXPECT_EQ(reason(refresh_task(one.refresh_token)), "invalid_refresh_token");
    by_token.all = true;
    EXPECT_EQ(reason(id().accounts.logout(by_token, nullptr, client_)), "invalid_refresh_token")
        << "a token of an ended session must not end the others";
    EXPECT_EQ(check(two.access_token), "ok");
    LogoutRequest everywhere;
    everywhere.all = true;
    good(id().accounts.logout(everywhere, who(two.access_token), client_));
    EXPECT_EQ(check(two.access_token), "unauthenticated");
    EXPECT_EQ(check(three.access_token), "unauthenticated");
    EXPECT_EQ(reason(id().accounts.logout({}, nullptr, client_)), "unauthenticated");
}

TEST_P(IdentityContract, SessionsOfOthersAreNotFound) {
    const auto admin = member("admin@b.co");
    const auto reader = member("reader@b.co");
    const auto session = SessionId(reader->token_id);
    EXPECT_EQ(reason(id().accounts.end_session(admin, session, client_)), "not_found");
    good(id().accounts.end_session(reader, session, client_));
    EXPECT_EQ(reason(id().accounts.end_session(reader, session, client_)), "not_found");
}

TEST_P(IdentityContract, AccessTokenForSessionDoesNotRotate) {
    sign_up("a@b.co");
    const auto bundle = log_in("a@b.co");
    clock_.advance(Seconds(800));
    const auto grant =
        good(id().accounts.access_token_for_session(who(bundle.access_token), client_));
    clock_.advance(Seconds(200));
    EXPECT_EQ(check(bundle.access_token), "unauthenticated");
    EXPECT_EQ(check(grant.access_token), "ok");
    EXPECT_EQ(reason(refresh_task(bundle.refresh_token)), "ok");
}

TEST_P(IdentityContract, TokensAreGoodForOneThingOnly) {
    sign_up("a@b.co");
    const auto bundle = log_in("a@b.co");
    EXPECT_EQ(check(bundle.refresh_token), "unauthenticated");
    EXPECT_EQ(reason(refresh_task(bundle.access_token)), "invalid_refresh_token");
    const auto dev = id().authenticator.mint_dev_token("live");
    EXPECT_EQ(check(dev), "unauthenticated") << "dev tokens need dev mode";
    auto config = test_config();
    config.dev_mode = true;
    restart(config);
    const auto principal = who(dev);
    EXPECT_EQ(principal->token_kind, TokenKind::Dev);
    EXPECT_TRUE(principal->rights->allows(Resource::Tables, Right::Delete));
    EXPECT_EQ(reason(id().api_keys.create(principal, {}, client_)), "permission_denied");
    clock_.advance(std::chrono::hours(25));
    EXPECT_EQ(check(dev), "unauthenticated");
}

TEST_P(IdentityContract, ApiKeysActAsTheirOwnerInTheirEnvironment) {
    sign_up("a@b.co");
    const auto owner = who(good(login_task("a@b.co", kPassword, "sandbox")).access_token);
    ApiKeyRequest request;
    request.name = "ci";
    request.scopes = {"tables:read", "workflow.execute"};
    const auto key = good(id().api_keys.create(owner, request, client_));
    EXPECT_TRUE(key.key.starts_with(key.key_prefix));
    const auto principal = who(key.key);
    EXPECT_EQ(principal->user_id, owner->user_id);
    EXPECT_EQ(principal->tenant.env_slug, "sandbox");
    EXPECT_EQ(principal->token_kind, TokenKind::ApiKey);
    EXPECT_TRUE(principal->rights->allows(Resource::Tables, Right::Read));
    EXPECT_FALSE(principal->rights->allows(Resource::Tables, Right::Create));
    EXPECT_TRUE(principal->rights->allows(Resource::Workflows, Right::Read));
    EXPECT_TRUE(principal->rights->allows(Resource::Jobs, Right::Create));
    EXPECT_FALSE(principal->rights->allows(Resource::Permissions, Right::Read));
    EXPECT_TRUE(is_admin(*owner));
    EXPECT_FALSE(is_admin(*principal)) << "the owner's roles do not widen the scopes";
    EXPECT_EQ(reason(id().audit.list(principal, {}, {})), "permission_denied");

    request.scopes = {"tables:everything"};
    EXPECT_EQ(reason(id().api_keys.create(owner, request, client_)), "invalid_argument");
    std::string broken = key.key;
    broken.back() = broken.back() == 'x' ? 'y' : 'x';
    EXPECT_EQ(check(broken), "unauthenticated");
    EXPECT_EQ(check(make_api_key()), "unauthenticated");
}

TEST_P(IdentityContract, ScopesOnlyNarrow) {
    member("admin@b.co");
    const auto reader = member("reader@b.co");
    ApiKeyRequest request;
    request.scopes = {"tables:read", "tables:delete", "permissions:update"};
    const auto key = good(id().api_keys.create(reader, request, client_));
    const auto principal = who(key.key);
    EXPECT_TRUE(principal->rights->allows(Resource::Tables, Right::Read));
    EXPECT_FALSE(principal->rights->allows(Resource::Tables, Right::Delete));
    EXPECT_FALSE(principal->rights->allows(Resource::Permissions, Right::Update));
    EXPECT_FALSE(principal->rights->allows(Resource::Files, Right::Read));
}

TEST_P(IdentityContract, ApiKeysExpireAndAreRevoked) {
    const auto owner = member("a@b.co");
    ApiKeyRequest request;
    request.expires_in_days = 1;
    const auto key = good(id().api_keys.create(owner, request, client_));
    const auto other = good(id().api_keys.create(owner, {}, client_));
    EXPECT_EQ(check(key.key), "ok");
    EXPECT_EQ(check(other.key), "ok");
    clock_.advance(std::chrono::hours(24));
    EXPECT_EQ(check(key.key), "unauthenticated");
    EXPECT_EQ(check(other.key), "ok");
    good(id().api_keys.revoke(owner, other.id, client_));
    EXPECT_EQ(check(other.key), "unauthenticated");
    EXPECT_EQ(reason(id().api_keys.revoke(owner, other.id, client_)), "gone");
    EXPECT_EQ(reason(id().api_keys.rotate(owner, other.id, {}, client_)), "gone");
    EXPECT_EQ(reason(id().api_keys.find(owner, other.id)), "gone");
    request.expires_in_days = 3651;
    EXPECT_EQ(reason(id().api_keys.create(owner, request, client_)), "invalid_argument");
    EXPECT_EQ(good(id().api_keys.list(owner)).size(), 2U);
}

TEST_P(IdentityContract, RotatedKeysOverlapForTheGrace) {
    const auto owner = member("a@b.co");
    const auto first = good(id().api_keys.create(owner, {}, client_));
    EXPECT_EQ(check(first.key), "ok");
    RotateApiKeyRequest request;
    request.grace_secs = 60;
    const auto second = good(id().api_keys.rotate(owner, first.id, request, client_));
    EXPECT_EQ(second.id, first.id);
    EXPECT_EQ(check(first.key), "ok");
    EXPECT_EQ(check(second.key), "ok");
    clock_.advance(Seconds(60));
    EXPECT_EQ(check(first.key), "unauthenticated");
    EXPECT_EQ(check(second.key), "ok");
    const auto third = good(id().api_keys.rotate(owner, first.id, {}, client_));
    EXPECT_EQ(check(second.key), "unauthenticated") << "no grace: at once";
    EXPECT_EQ(check(third.key), "ok");
}

TEST_P(IdentityContract, AKeyManagesNothingButItself) {
    member("admin@b.co");
    const auto owner = member("reader@b.co");
    ApiKeyRequest request;
    request.expires_in_days = 2;
    request.ip_allow = {client_.ip};
    const auto first = good(id().api_keys.create(owner, request, client_));
    const auto other = good(id().api_keys.create(owner, {}, client_));
    const auto key = who(first.key);
    EXPECT_EQ(reason(id().api_keys.create(key, {}, client_)), "permission_denied");
    EXPECT_EQ(reason(id().api_keys.update(key, first.id, {}, client_)), "permission_denied");
    EXPECT_EQ(reason(id().api_keys.rotate(key, other.id, {}, client_)), "permission_denied");
    EXPECT_EQ(reason(id().api_keys.revoke(key, other.id, client_)), "permission_denied");
    EXPECT_EQ(reason(id().accounts.sessions(key)), "permission_denied");
    EXPECT_EQ(reason(id().accounts.end_session(key, SessionId(owner->token_id), client_)),
              "permission_denied");
    EXPECT_EQ(reason(id().accounts.change_password(key, {}, client_)), "permission_denied");

    const auto rotated = good(id().api_keys.rotate(key, first.id, {}, client_));
    EXPECT_EQ(rotated.expires_at, first.expires_at);
    EXPECT_EQ(rotated.ip_allow, first.ip_allow);
    EXPECT_EQ(check(first.key), "unauthenticated");
    good(id().api_keys.revoke(who(rotated.key), first.id, client_));
    EXPECT_EQ(check(rotated.key), "unauthenticated");
}

TEST_P(IdentityContract, ApiKeysKeepToTheirAddresses) {
    const auto owner = member("a@b.co");
    ApiKeyRequest request;
    request.ip_allow = {"10.0.0.0/8", "2001:db8::/32"};
    const auto key = good(id().api_keys.create(owner, request, client_));
    const auto from = [&](const std::string& ip) {
        return reason(id().authenticator.authenticate(key.key, ip));
    };
    EXPECT_EQ(from("10.1.2.3"), "ok");
    EXPECT_EQ(from("11.1.2.3"), "permission_denied");
    EXPECT_EQ(from("::ffff:10.1.2.3"), "ok");
    EXPECT_EQ(from("2001:db8:1::5"), "ok");
    EXPECT_EQ(from(""), "permission_denied");
    EXPECT_EQ(id().authenticator.try_cached(key.key, "11.1.2.3"), nullptr);
    request.ip_allow = {"10.0.0.0/99"};
    EXPECT_EQ(reason(id().api_keys.create(owner, request, client_)), "invalid_argument");
}

TEST_P(IdentityContract, ApiKeysOfOthers) {
    const auto admin = member("admin@b.co");
    const auto owner = member("owner@b.co");
    const auto reader = member("reader@b.co");
    const auto foreign = stranger(admin);
    const auto key = good(id().api_keys.create(owner, {}, client_));
    EXPECT_EQ(reason(id().api_keys.find(reader, key.id)), "permission_denied");
    EXPECT_EQ(reason(id().api_keys.rotate(admin, key.id, {}, client_)), "not_found");
    EXPECT_EQ(reason(id().api_keys.find(foreign, key.id)), "not_found");
    EXPECT_EQ(reason(id().api_keys.revoke(foreign, key.id, client_)), "not_found");
    ApiKeyPatch patch;
    patch.name = "renamed";
    EXPECT_EQ(good(id().api_keys.update(admin, key.id, patch, client_)).name, "renamed");
    good(id().api_keys.revoke(admin, key.id, client_));
}

TEST_P(IdentityContract, ApiKeyQuota) {
    const auto owner = member("a@b.co");
    ApiKeyId last;
    for (std::size_t i = 0; i < kApiKeysPerUserMax; ++i) {
        last = good(id().api_keys.create(owner, {}, client_)).id;
    }
    EXPECT_EQ(reason(id().api_keys.create(owner, {}, client_)), "key_limit");
    good(id().api_keys.revoke(owner, last, client_));
    EXPECT_EQ(reason(id().api_keys.create(owner, {}, client_)), "ok");
}

TEST_P(IdentityContract, LastUsesAreWrittenBack) {
    const auto owner = member("a@b.co");
    const auto key = good(id().api_keys.create(owner, {}, client_));
    clock_.advance(Seconds(5));
    who(key.key);
    good(id().watcher.flush_last_uses());
    EXPECT_EQ(good(id().api_keys.find(owner, key.id)).last_used_at, clock_.now());
}

TEST_P(IdentityContract, OldSessionsAreForgotten) {
    sign_up("a@b.co");
    const auto bundle = log_in("a@b.co");
    clock_.advance(std::chrono::hours(24 * 15));
    const auto admin = who(log_in("a@b.co").access_token);
    good(id().watcher.purge());
    EXPECT_EQ(reason(refresh_task(bundle.refresh_token)), "invalid_refresh_token");
    EXPECT_EQ(good(id().accounts.sessions(admin)).size(), 1U);
}

}  // namespace
}  // namespace zs::identity
