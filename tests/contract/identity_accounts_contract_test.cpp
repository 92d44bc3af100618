#include "contract/identity_store_suite.hpp"

namespace zs::identity {
namespace {

INSTANTIATE_TEST_SUITE_P(All, IdentityContract,
                         ::testing::Values(Backend::Memory, Backend::Sqlite, Backend::Postgres),
                         backend_name);

TEST_P(IdentityContract, FirstAccountIsAdminLaterOnesHaveTheDefaultRole) {
    EXPECT_EQ(sign_up("First@Example.com ").roles, std::vector<std::string>{"admin"});
    EXPECT_EQ(sign_up("second@example.com").roles, std::vector<std::string>{"reader"});
    SignupRequest again;
    again.email = "FIRST@example.com";
    again.password = Secret("another password");
    EXPECT_EQ(reason(id().accounts.signup(again, client_)), "conflict");
}

TEST_P(IdentityContract, ConcurrentFirstAccountsGiveOneAdmin) {
    std::vector<async::Task<Result<SignupReply>>> tasks;
    for (int i = 0; i < 8; ++i) {
        SignupRequest request;
        request.email = "user" + std::to_string(i) + "@example.com";
        request.password = Secret(kPassword);
        tasks.push_back(id().accounts.signup(std::move(request), client_));
    }
    int admins = 0;
    for (const auto& reply : testing::run_together(std::move(tasks))) {
        ASSERT_TRUE(reply) << reply.error().message;
        admins += reply->roles.front() == "admin" ? 1 : 0;
    }
    EXPECT_EQ(admins, 1);
}

TEST_P(IdentityContract, ClosedSignupStillLetsTheFirstIn) {
    auto config = test_config();
    config.signup = SignupMode::Closed;
    restart(config);
    sign_up("first@example.com");
    SignupRequest second;
    second.email = "second@example.com";
    second.password = Secret(kPassword);
    EXPECT_EQ(reason(id().accounts.signup(second, client_)), "signup_closed");
}

TEST_P(IdentityContract, SignupChecksWhatItStores) {
    const auto attempt = [&](std::string email, std::string password) {
        SignupRequest request;
        request.email = std::move(email);
        request.password = Secret(std::move(password));
        return reason(id().accounts.signup(std::move(request), client_));
    };
    EXPECT_EQ(attempt("nobody", kPassword), "invalid_email");
    EXPECT_EQ(attempt("a@b.co", "short"), "weak_password");
    EXPECT_EQ(attempt("a@b.co", "Password123"), "weak_password");
    EXPECT_EQ(attempt("somebody@b.co", "somebody@b.co"), "weak_password");
    EXPECT_EQ(attempt("a@b.co", kPassword), "ok");
}

TEST_P(IdentityContract, LoginGivesTokensThatSayWhoIsThere) {
    const auto account = sign_up("a@b.co");
    const auto bundle = log_in(" A@b.CO");
    EXPECT_EQ(bundle.expires_in, 900);
    EXPECT_EQ(bundle.user.id, account.user_id);
    EXPECT_EQ(bundle.environment.slug, "live");
    EXPECT_EQ(bundle.refresh_expires_at - clock_.now(), Seconds(604'800));
    const auto principal = who(bundle.access_token);
    EXPECT_EQ(principal->user_id, account.user_id);
    EXPECT_EQ(principal->tenant, (Tenant{"default", "live"}));
    EXPECT_EQ(principal->token_kind, TokenKind::Access);
    EXPECT_TRUE(principal->rights->allows(Resource::Permissions, Right::Delete));
    EXPECT_EQ(id().authenticator.try_cached(bundle.access_token, client_.ip), principal);
    const auto sandbox = good(login_task("a@b.co", kPassword, "sandbox"));
    EXPECT_EQ(who(sandbox.access_token)->tenant.env_slug, "sandbox");
    EXPECT_EQ(reason(login_task("a@b.co", kPassword, "staging")), "unknown_environment");
}

TEST_P(IdentityContract, WrongPasswordAndUnknownAccountLookTheSame) {
    sign_up("a@b.co");
    const int before = hasher_.verified;
    auto wrong = run(login_task("a@b.co", "not the password"));
    auto unknown = run(login_task("nobody@b.co", "not the password"));
    auto nonsense = run(login_task("not an address", "not the password"));
    for (const auto* result : {&wrong, &unknown, &nonsense}) {
        ASSERT_FALSE(*result);
        EXPECT_EQ(result->error().reason, "invalid_credentials");
        EXPECT_EQ(result->error().message, wrong.error().message);
    }
    EXPECT_EQ(hasher_.verified, before + 3) << "each must cost one hash";
    EXPECT_EQ(hasher_.verified_hashes.back(), hasher_.dummy_hash());
}

TEST_P(IdentityContract, DisabledAccountIsToldOnlyAfterTheRightPassword) {
    const auto admin = member("admin@b.co");
    const auto victim = member("b@b.co");
    UserPatch patch;
    patch.status = UserStatus::Disabled;
    good(id().users.update(admin, victim->user_id, patch, client_));
    EXPECT_EQ(reason(login_task("b@b.co", "wrong password")), "invalid_credentials");
    EXPECT_EQ(reason(login_task("b@b.co", kPassword)), "account_disabled");
}

TEST_P(IdentityContract, LoginRehashesWhenParametersChanged) {
    sign_up("a@b.co");
    hasher_.prefix = "stronger:";
    log_in("a@b.co");
    hasher_.verified_hashes.clear();
    log_in("a@b.co");
    EXPECT_EQ(hasher_.verified_hashes.front(), "stronger:" + std::string(kPassword));
}

TEST_P(IdentityContract, TooManySessionsEndTheOldest) {
    sign_up("a@b.co");
    std::vector<TokenBundle> bundles;
    for (std::size_t i = 0; i <= kSessionsPerUserMax; ++i) {
        clock_.advance(Millis(1));
        bundles.push_back(log_in("a@b.co"));
        who(bundles.back().access_token);
    }
    EXPECT_EQ(check(bundles[0].access_token), "unauthenticated");
    EXPECT_EQ(check(bundles[1].access_token), "ok");
    const auto sessions = good(id().accounts.sessions(who(bundles[1].access_token)));
    ASSERT_EQ(sessions.size(), kSessionsPerUserMax);
    EXPECT_TRUE(sessions.back().current);  // the oldest that is left
    EXPECT_FALSE(sessions.front().current);
    EXPECT_EQ(sessions.front().user_agent, "test");
}

TEST_P(IdentityContract, PasswordChangeEndsTheOtherSessions) {
    sign_up("a@b.co");
    const auto here = log_in("a@b.co");
    const auto there = log_in("a@b.co");
    who(there.access_token);
    ChangePasswordRequest request;
    request.current_password = Secret("wrong password");
    request.new_password = Secret("a better password");
    const auto caller = who(here.access_token);
    EXPECT_EQ(reason(id().accounts.change_password(caller, request, client_)),
              "invalid_credentials");
    request.current_password = Secret(kPassword);
    request.new_password = Secret("qwerty123");
    EXPECT_EQ(reason(id().accounts.change_password(caller, request, client_)), "weak_password");
    request.new_password = Secret("a better password");
    good(id().accounts.change_password(caller, request, client_));
    EXPECT_EQ(check(here.access_token), "ok");
    EXPECT_EQ(check(there.access_token), "unauthenticated");
    EXPECT_EQ(reason(refresh_task(there.refresh_token)), "invalid_refresh_token");
    EXPECT_EQ(reason(login_task("a@b.co", kPassword)), "invalid_credentials");
    EXPECT_EQ(reason(login_task("a@b.co", "a better password")), "ok");
}

TEST_P(IdentityContract, OperatorsMakeUsersAndSetPasswords) {
    OperatorUser user;
    user.email = "ops@b.co";
    user.password = Secret(kPassword);
    user.roles = {"user"};
    const auto made = good(id().users.create_by_operator(user));
    EXPECT_EQ(made.roles, std::vector<std::string>{"operator"});
    EXPECT_EQ(reason(id().users.create_by_operator(user)), "conflict");
    user.email = "other@b.co";
    user.org_id = "nowhere";
    EXPECT_EQ(reason(id().users.create_by_operator(user)), "not_found");
    const auto bundle = good(id().accounts.issue_tokens("ops@b.co", "live"));
    EXPECT_EQ(check(bundle.access_token), "ok");
    good(id().users.set_password_by_operator("OPS@b.co", Secret("a better password")));
    EXPECT_EQ(check(bundle.access_token), "unauthenticated");
    EXPECT_EQ(reason(login_task("ops@b.co", "a better password")), "ok");
    EXPECT_EQ(reason(id().users.set_password_by_operator("x@b.co", Secret("a better password"))),
              "not_found");
}

TEST_P(IdentityContract, AttemptsAreLimited) {
    auto config = test_config();
    config.attempts.login_per_account = {5, Millis(60'000), Millis(300'000)};
    config.attempts.signup_per_ip = {2, Millis(3'600'000), Millis(3'600'000)};
    restart(config);
    sign_up("a@b.co");
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(reason(login_task("a@b.co", "wrong password")), "invalid_credentials");
    }
    const int hashes = hasher_.verified;
    auto refused = run(login_task("a@b.co", kPassword));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Exhausted);
    EXPECT_EQ(refused.error().reason, "too_many_attempts");
    EXPECT_EQ(refused.error().details.at("retry_after_secs").as_int64(), 12);
    EXPECT_EQ(hasher_.verified, hashes) << "a refused attempt must not cost a hash";
    clock_.advance(Seconds(12));
    EXPECT_EQ(reason(login_task("a@b.co", kPassword)), "ok");
    sign_up("b@b.co");
    SignupRequest third;
    third.email = "c@b.co";
    third.password = Secret(kPassword);
    EXPECT_EQ(reason(id().accounts.signup(third, client_)), "too_many_attempts");
}

TEST_P(IdentityContract, OverloadedHashingIsSaidSo) {
    sign_up("a@b.co");
    hasher_.failure = unavailable("too much work is waiting", "overloaded");
    EXPECT_EQ(reason(login_task("a@b.co", kPassword)), "overloaded");
}

TEST_P(IdentityContract, AuditChainHoldsTogether) {
    const auto admin = member("admin@b.co");
    (void)run(login_task("admin@b.co", "wrong password"));
    ApiKeyRequest key;
    good(id().api_keys.create(admin, key, client_));
    EXPECT_EQ(audit_rows(admin, "signup").size(), 1U);
    const auto logins = audit_rows(admin, "login");
    ASSERT_EQ(logins.size(), 2U);
    EXPECT_EQ(logins.front().result, "invalid_credentials");
    EXPECT_EQ(logins.back().result, "ok");
    EXPECT_EQ(logins.back().actor_id, admin->user_id.to_string());
    EXPECT_EQ(logins.back().ip, client_.ip);
    EXPECT_EQ(audit_rows(admin, "api_key.create").size(), 1U);
    EXPECT_EQ(good(id().audit.verify()), 4);
    const auto reader = member("reader@b.co");
    EXPECT_EQ(reason(id().audit.list(reader, {}, {})), "permission_denied");

    PageRequest page;
    page.limit = 2;
    std::vector<std::int64_t> seqs;
    do {
        auto got = good(id().audit.list(admin, {}, page));
        for (const auto& row : got.items)
            seqs.push_back(row.seq);
        page.cursor = got.next_cursor;
    } while (page.cursor);
    EXPECT_EQ(seqs, (std::vector<std::int64_t>{6, 5, 4, 3, 2, 1}));
    page.cursor = "nonsense";
    EXPECT_EQ(reason(id().audit.list(admin, {}, page)), "invalid_cursor");
}

TEST_P(IdentityContract, TamperedAuditRowsAreFound) {
    sign_up("a@b.co");
    log_in("a@b.co");
    log_in("a@b.co");
    if (memory_) {
        memory_->audit_rows[1].ip = "203.0.113.9";
    } else {
        auto tamper = [](relational::Session& session) {
            return session.execute_with("update audit_logs set ip = '203.0.113.9' where seq = 2");
        };
        good(home_->database().write(tamper));
    }
    auto verified = run(id().audit.verify());
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, ErrorCode::DataLoss);
    EXPECT_NE(verified.error().message.find("row 2"), std::string::npos);
}

TEST_P(IdentityContract, EnvironmentsOfAnOrg) {
    const auto admin = member("admin@b.co");
    const auto all = good(id().environments.list(admin));
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].slug, "live");
    EXPECT_TRUE(all[0].is_default);
    EXPECT_TRUE(all[0].current);
    EXPECT_EQ(all[1].slug, "sandbox");
    EXPECT_FALSE(all[1].current);
    EXPECT_NE(good(id().environments.list(stranger(admin)))[0].id, all[0].id);
}

}  // namespace
}  // namespace zs::identity
