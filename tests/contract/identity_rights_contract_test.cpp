#include "contract/identity_store_suite.hpp"

namespace zs::identity {
namespace {

const ResourceRef kTables{Resource::Tables, {}};
const ResourceRef kPermissions{Resource::Permissions, {}};

TEST_P(IdentityContract, PermissionChangesAreEffectiveAtOnce) {
    const auto admin = member("admin@b.co");
    sign_up("reader@b.co");
    const auto token = log_in("reader@b.co").access_token;
    EXPECT_FALSE(who(token)->rights->allows(Resource::Tables, Right::Create));
    const auto request =
        record_for(PrincipalKind::Role, "reader", kTables, {Right::Create, Right::Read});
    const auto record = good(id().permissions.create(admin, request, client_));
    EXPECT_TRUE(who(token)->rights->allows(Resource::Tables, Right::Create));
    EXPECT_EQ(reason(id().permissions.create(admin, request, client_)), "permission_exists");

    PermissionPatch patch;
    good(id().permissions.update(admin, record.id, patch, client_));
    EXPECT_FALSE(who(token)->rights->allows(Resource::Tables, Right::Read)) << "[] removes";
    good(id().permissions.remove(admin, record.id, client_));
    EXPECT_TRUE(who(token)->rights->allows(Resource::Tables, Right::Read)) << "the default again";
    EXPECT_EQ(reason(id().permissions.find(admin, record.id)), "not_found");
}

TEST_P(IdentityContract, UpsertKeepsTheRecord) {
    const auto admin = member("admin@b.co");
    auto request = record_for(PrincipalKind::Label, "eu", kTables, {Right::Read});
    const auto first = good(id().permissions.upsert(admin, request, client_));
    request.allow = {Right::Read, Right::Update};
    clock_.advance(Seconds(1));
    const auto second = good(id().permissions.upsert(admin, request, client_));
    EXPECT_EQ(second.id, first.id);
    EXPECT_EQ(second.created_at, first.created_at);
    EXPECT_EQ(second.allow, (std::vector<Right>{Right::Read, Right::Update}));
    EXPECT_EQ(good(id().permissions.find(admin, first.id)).allow, second.allow);
    PermissionPatch patch;
    patch.resource = kPermissions;
    EXPECT_EQ(reason(id().permissions.update(admin, first.id, patch, client_)), "invalid_argument");
}

TEST_P(IdentityContract, OneTableMayStandApart) {
    const auto admin = member("admin@b.co");
    sign_up("reader@b.co");
    const auto token = log_in("reader@b.co").access_token;
    const ResourceRef orders =
        parse_text(std::type_identity<ResourceRef>{}, "tables/Orders").value();
    const auto request = record_for(PrincipalKind::Role, "reader", orders, {Right::Create});
    const auto record = good(id().permissions.create(admin, request, client_));
    const auto rights = who(token)->rights;
    EXPECT_TRUE(rights->allows_table("orders", Right::Create));
    EXPECT_FALSE(rights->allows_table("ORDERS", Right::Read)) << "it replaces, it does not add";
    EXPECT_TRUE(rights->allows_table("other", Right::Read));
    good(id().permissions.remove(admin, record.id, client_));
    EXPECT_TRUE(who(token)->rights->allows_table("orders", Right::Read));
}

TEST_P(IdentityContract, NobodyGrantsMoreThanTheyHold) {
    const auto admin = member("admin@b.co");
    const auto reader = member("reader@b.co");
    UserPatch patch;
    patch.roles = {"operator"};
    good(id().users.update(admin, reader->user_id, patch, client_));
    const auto oper = who(log_in("reader@b.co").access_token);
    EXPECT_EQ(reason(id().permissions.upsert(
                  oper, record_for(PrincipalKind::Role, "x", kTables, {Right::Delete}), client_)),
              "grant_exceeds_own");
    EXPECT_EQ(reason(id().permissions.upsert(
                  oper, record_for(PrincipalKind::Role, "x", kTables, {Right::Read}), client_)),
              "ok");
    EXPECT_EQ(reason(id().permissions.create(
                  oper, record_for(PrincipalKind::Role, "y", kTables, {Right::Read}), client_)),
              "permission_denied")
        << "operators do not create records";
    patch.roles = {"admin"};
    EXPECT_EQ(reason(id().users.update(oper, oper->user_id, patch, client_)), "grant_exceeds_own");
    patch.roles = {"operator", "viewer"};
    EXPECT_EQ(good(id().users.update(oper, oper->user_id, patch, client_)).roles,
              (std::vector<std::string>{"operator", "reader"}));
}

TEST_P(IdentityContract, NobodyTakesAwayMoreThanTheyHold) {
    const auto admin = member("admin@b.co");
    const auto second = member("second@b.co");
    UserPatch promote;
    promote.roles = {"admin"};
    good(id().users.update(admin, second->user_id, promote, client_));
    const auto third = member("operator@b.co");
    promote.roles = {"operator"};
    good(id().users.update(admin, third->user_id, promote, client_));
    const auto oper = who(log_in("operator@b.co").access_token);

    UserPatch disable;
    disable.status = UserStatus::Disabled;
    EXPECT_EQ(reason(id().users.update(oper, admin->user_id, disable, client_)),
              "grant_exceeds_own");
    UserPatch strip;
    strip.roles.emplace();
    EXPECT_EQ(reason(id().users.update(oper, admin->user_id, strip, client_)), "grant_exceeds_own");
    EXPECT_EQ(reason(id().permissions.upsert(
                  oper, record_for(PrincipalKind::Role, "admin", kTables, {Right::Read}), client_)),
              "grant_exceeds_own")
        << "administrators would lose tables:delete";
    EXPECT_EQ(reason(id().permissions.upsert(
                  oper, record_for(PrincipalKind::Role, "reader", kTables, {}), client_)),
              "ok");
    EXPECT_EQ(reason(id().users.update(oper, oper->user_id, strip, client_)), "ok") << "one's own";
    good(id().users.update(admin, second->user_id, disable, client_));
}

TEST_P(IdentityContract, AUserThatChangedMeanwhileIsNotChanged) {
    const auto admin = member("admin@b.co");
    UserPatch patch;
    patch.name = "one";
    patch.seen = clock_.now() - Millis(1);
    AuditEntry entry;
    auto& users = id().ports.users;
    EXPECT_EQ(reason(users.update(admin->tenant.org_id, admin->user_id, patch, entry)), "conflict");
    patch.seen = good(users.find(admin->tenant.org_id, admin->user_id)).updated_at;
    EXPECT_EQ(reason(users.update(admin->tenant.org_id, admin->user_id, patch, entry)), "ok");
}

TEST_P(IdentityContract, RemovingARecordMayBeAGrant) {
    const auto admin = member("admin@b.co");
    const auto keeper = member("keeper@b.co");
    // The keeper may do everything to permissions and nothing to tables.
    good(id().permissions.create(
        admin,
        record_for(PrincipalKind::User, keeper->user_id.to_string(), kPermissions,
                   {Right::Create, Right::Read, Right::Update, Right::Delete}),
        client_));
    const auto cut = good(id().permissions.create(
        admin, record_for(PrincipalKind::Role, "operator", kTables, {}), client_));
    const auto caller = who(log_in("keeper@b.co").access_token);
    EXPECT_EQ(reason(id().permissions.remove(caller, cut.id, client_)), "grant_exceeds_own");
    good(id().permissions.remove(admin, cut.id, client_));
}

TEST_P(IdentityContract, SomebodyStaysAdmin) {
    const auto admin = member("admin@b.co");
    UserPatch demote;
    demote.roles = {"reader"};
    EXPECT_EQ(reason(id().users.update(admin, admin->user_id, demote, client_)), "last_admin");
    UserPatch disable;
    disable.status = UserStatus::Disabled;
    EXPECT_EQ(reason(id().users.update(admin, admin->user_id, disable, client_)), "last_admin");
    EXPECT_EQ(
        reason(id().permissions.create(
            admin, record_for(PrincipalKind::Role, "admin", kPermissions, {Right::Read}), client_)),
        "last_admin");
    EXPECT_EQ(good(id().users.find(admin, admin->user_id)).roles, std::vector<std::string>{"admin"})
        << "a refused change leaves nothing";

    const auto second = member("second@b.co");
    UserPatch promote;
    promote.roles = {"admin"};
    good(id().users.update(admin, second->user_id, promote, client_));
    EXPECT_EQ(reason(id().users.update(admin, admin->user_id, demote, client_)), "ok");
    EXPECT_EQ(reason(id().users.find(who(log_in("admin@b.co").access_token), admin->user_id)),
              "permission_denied");
}

TEST_P(IdentityContract, TwoAdminsCannotDemoteEachOtherAtOnce) {
    const auto admin = member("admin@b.co");
    const auto second = member("second@b.co");
    UserPatch promote;
    promote.roles = {"admin"};
    good(id().users.update(admin, second->user_id, promote, client_));
    const auto second_admin = who(log_in("second@b.co").access_token);
    UserPatch demote;
    demote.roles = {"reader"};
    std::vector<async::Task<Result<UserView>>> tasks;
    tasks.push_back(id().users.update(admin, second->user_id, demote, client_));
    tasks.push_back(id().users.update(second_admin, admin->user_id, demote, client_));
    const auto results = testing::run_together(std::move(tasks));
    EXPECT_NE(results[0].has_value(), results[1].has_value());
}

TEST_P(IdentityContract, DisablingAUserEndsEverything) {
    const auto admin = member("admin@b.co");
    sign_up("b@b.co");
    const auto bundle = log_in("b@b.co");
    const auto user = who(bundle.access_token);
    const auto key = good(id().api_keys.create(user, {}, client_));
    EXPECT_EQ(check(key.key), "ok");
    std::vector<SessionId> ended;
    id().cache.on_session_ended([&](SessionId session) { ended.push_back(session); });
    UserPatch patch;
    patch.status = UserStatus::Disabled;
    good(id().users.update(admin, user->user_id, patch, client_));
    EXPECT_EQ(check(bundle.access_token), "unauthenticated");
    EXPECT_EQ(check(key.key), "unauthenticated");
    EXPECT_EQ(reason(refresh_task(bundle.refresh_token)), "invalid_refresh_token");
    EXPECT_EQ(ended, std::vector<SessionId>{SessionId(user->token_id)});
    patch.status = UserStatus::Active;
    good(id().users.update(admin, user->user_id, patch, client_));
    EXPECT_EQ(check(bundle.access_token), "unauthenticated") << "the session stays ended";
    EXPECT_EQ(check(key.key), "ok");
}

TEST_P(IdentityContract, OtherOrgsAreInvisible) {
    const auto admin = member("admin@b.co");
    const auto foreign = stranger(admin);
    const auto record = good(id().permissions.create(
        admin, record_for(PrincipalKind::Role, "x", kTables, {Right::Read}), client_));
    EXPECT_EQ(reason(id().permissions.find(foreign, record.id)), "not_found");
    EXPECT_EQ(reason(id().permissions.remove(foreign, record.id, client_)), "not_found");
    PermissionPatch patch;
    EXPECT_EQ(reason(id().permissions.update(foreign, record.id, patch, client_)), "not_found");
    EXPECT_EQ(reason(id().users.find(foreign, admin->user_id)), "not_found");
    EXPECT_EQ(reason(id().users.update(foreign, admin->user_id, {}, client_)), "not_found");
    EXPECT_EQ(good(id().users.list(foreign, {}, {})).items.size(), 1U);
    EXPECT_TRUE(good(id().permissions.list(foreign, {}, {})).items.empty());
    EXPECT_EQ(reason(id().organizations.find(foreign, "default")), "not_found");
    EXPECT_EQ(good(id().organizations.list(foreign, 100, 0)).items.size(), 1U);
    EXPECT_EQ(good(id().organizations.list(admin, 100, 0)).total, 2);
    EXPECT_TRUE(audit_rows(foreign, "permission.create").empty());
}

TEST_P(IdentityContract, ListsAreCutIntoPages) {
    const auto admin = member("admin@b.co");
    for (const auto* role : {"c", "a", "b", "d", "e"}) {
        good(id().permissions.create(
            admin, record_for(PrincipalKind::Role, role, kTables, {Right::Read}), client_));
    }
    PageRequest page;
    page.limit = 2;
    std::string seen;
    do {
        auto got = good(id().permissions.list(admin, {}, page));
        for (const auto& record : got.items)
            seen += record.principal.id.as_string().c_str();
        page.cursor = got.next_cursor;
    } while (page.cursor);
    EXPECT_EQ(seen, "abcde");
    page.limit = 1;
    page.cursor = good(id().permissions.list(admin, {}, page)).next_cursor;
    PermissionFilter filter;
    filter.principal_id = "c";
    EXPECT_EQ(reason(id().permissions.list(admin, filter, page)), "invalid_cursor");
    page.cursor.reset();
    EXPECT_EQ(good(id().permissions.list(admin, filter, page)).items.size(), 1U);
    page.limit = 0;
    EXPECT_EQ(reason(id().permissions.list(admin, {}, page)), "invalid_argument");

    for (int i = 0; i < 4; ++i)
        sign_up("u" + std::to_string(i) + "@b.co");
    PageRequest users;
    users.limit = 2;
    std::size_t count = 0;
    do {
        auto got = good(id().users.list(admin, {}, users));
        count += got.items.size();
        users.cursor = got.next_cursor;
    } while (users.cursor);
    EXPECT_EQ(count, 5U);
    UserFilter by_email;
    by_email.email = " U2@b.co";
    EXPECT_EQ(good(id().users.list(admin, by_email, {})).items.at(0).email, "u2@b.co");
}

TEST_P(IdentityContract, OrganizationsHaveUniqueSlugsAndStayWhileUsed) {
    const auto admin = member("admin@b.co");
    OrganizationRequest request;
    request.name = "Acme & Sons";
    auto org = good(id().organizations.create(admin, request, client_));
    EXPECT_EQ(org.slug, "acme-sons");
    EXPECT_EQ(reason(id().organizations.create(admin, request, client_)), "slug_exists");
    request.slug = "Not A Slug";
    EXPECT_EQ(reason(id().organizations.create(admin, request, client_)), "invalid_argument");
    OrganizationPatch patch;
    patch.description = "makers";
    EXPECT_EQ(good(id().organizations.update(admin, org.id, patch, client_)).description, "makers");
    patch.slug = "default";
    EXPECT_EQ(reason(id().organizations.update(admin, org.id, patch, client_)), "slug_exists");
    EXPECT_EQ(reason(id().organizations.remove(admin, "default", client_)), "conflict");
    const auto foreign = stranger(admin);
    EXPECT_EQ(reason(id().organizations.remove(admin, foreign->tenant.org_id, client_)),
              "organization_not_empty");
    good(id().organizations.remove(admin, org.id, client_));
    EXPECT_EQ(reason(id().organizations.find(admin, org.id)), "not_found");
    const auto reader = member("reader@b.co");
    EXPECT_EQ(reason(id().organizations.create(reader, request, client_)), "permission_denied");
    OrganizationPatch off;
    off.is_active = false;
    good(id().organizations.update(admin, foreign->tenant.org_id, off, client_));
    EXPECT_EQ(reason(login_task("stranger@other.example", kPassword)), "account_disabled");
}

TEST_P(IdentityContract, TeamsGiveRightsAndKeepAnOwner) {
    const auto admin = member("admin@b.co");
    const auto reader = member("reader@b.co");
    TeamRequest request;
    request.name = "Data";
    const auto team = good(id().teams.create(admin, request, client_));
    EXPECT_EQ(good(id().teams.members(reader, team.id)).at(0).role, TeamRole::Owner);
    const auto token = log_in("reader@b.co").access_token;
    EXPECT_FALSE(who(token)->rights->allows(Resource::Tables, Right::Create));
    TeamMemberRequest join;
    join.user_id = reader->user_id;
    good(id().teams.put_member(admin, team.id, join, client_));
    EXPECT_TRUE(who(token)->rights->allows(Resource::Tables, Right::Create));
    EXPECT_FALSE(who(token)->rights->allows(Resource::Permissions, Right::Read));
    EXPECT_EQ(good(id().users.find(admin, reader->user_id)).teams.at(0).team_id, team.id);

    join.role = TeamRole::Admin;
    good(id().teams.put_member(admin, team.id, join, client_));
    const auto team_admin = who(token);
    join.role = TeamRole::Owner;
    EXPECT_EQ(reason(id().teams.put_member(team_admin, team.id, join, client_)),
              "grant_exceeds_own");
    EXPECT_EQ(reason(id().teams.remove_member(team_admin, team.id, admin->user_id, client_)),
              "grant_exceeds_own");
    EXPECT_EQ(reason(id().teams.remove_member(admin, team.id, admin->user_id, client_)),
              "last_owner");
    good(id().teams.remove_member(admin, team.id, reader->user_id, client_));
    EXPECT_FALSE(who(token)->rights->allows(Resource::Tables, Right::Create));
    EXPECT_EQ(reason(id().teams.remove_member(admin, team.id, reader->user_id, client_)),
              "not_found");
    const auto foreign = stranger(admin);
    EXPECT_EQ(reason(id().teams.find(foreign, team.id)), "not_found");
    join.user_id = foreign->user_id;
    EXPECT_EQ(reason(id().teams.put_member(admin, team.id, join, client_)), "not_found");
    EXPECT_EQ(reason(id().teams.create(reader, request, client_)), "permission_denied");
    good(id().teams.remove(admin, team.id, client_));
    EXPECT_EQ(good(id().teams.list(admin, {}, 100, 0)).total, 0);
}

TEST_P(IdentityContract, AnotherProcessSeesChangesAtItsNextLook) {
    const auto admin = member("admin@b.co");
    sign_up("reader@b.co");
    const auto bundle = log_in("reader@b.co");
    const auto other = make_identity(test_config());
    std::vector<SessionId> ended;
    other->cache.on_session_ended([&](SessionId session) { ended.push_back(session); });
    const auto there = [&] {
        return run(other->authenticator.authenticate(bundle.access_token, client_.ip));
    };
    ASSERT_TRUE(there());
    good(id().permissions.create(
        admin, record_for(PrincipalKind::Role, "reader", kTables, {Right::Create}), client_));
    good(other->watcher.poll());
    EXPECT_TRUE(there().value()->rights->allows(Resource::Tables, Right::Create));
    const auto session = SessionId(who(bundle.access_token)->token_id);
    good(id().accounts.end_session(who(bundle.access_token), session, client_));
    ASSERT_TRUE(there()) << "not seen yet; else this test proves nothing";
    good(other->watcher.poll());
    EXPECT_FALSE(there());
    EXPECT_EQ(ended, std::vector<SessionId>{session});
    good(other->watcher.poll());
    EXPECT_EQ(ended.size(), 1U);
}

}  // namespace
}  // namespace zs::identity
