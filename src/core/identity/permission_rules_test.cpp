#include "base/json.hpp"
#include "base/json_codec.hpp"
#include "core/identity/permission_service.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace zs::identity {
namespace {

const std::string kTeam = "0198c0de-0000-7000-8000-00000000abcd";

std::string letters(RightSet set) {
    std::string out;
    if (set.has(Right::Create)) out += "C";
    if (set.has(Right::Read)) out += "R";
    if (set.has(Right::Update)) out += "U";
    if (set.has(Right::Delete)) out += "D";
    return out;
}

PermissionRecord record(PrincipalKey principal, std::string_view resource, RightSet allow) {
    PermissionRecord out;
    out.principal = std::move(principal);
    out.resource = parse_text(std::type_identity<ResourceRef>{}, resource).value();
    out.allow = allow;
    return out;
}

// The table of http-api.md section 3, cell by cell: most, jobs, files, permissions.
TEST(Defaults, AreTheTableOfTheContract) {
    struct Line {
        PrincipalKey principal;
        const char* most;
        const char* jobs;
        const char* files;
        const char* permissions;
    };
    const Line lines[] = {
        {{PrincipalKind::Role, "admin"}, "CRUD", "CRUD", "CRUD", "CRUD"},
        {{PrincipalKind::TeamRole, kTeam + "/owner"}, "CRUD", "CRUD", "CRUD", "CRUD"},
        {{PrincipalKind::Role, "operator"}, "CRU", "CRU", "CR", "RU"},
        {{PrincipalKind::Role, "user"}, "CRU", "CRU", "CR", "RU"},
        {{PrincipalKind::TeamRole, kTeam + "/admin"}, "CRU", "CRU", "CRU", "RU"},
        {{PrincipalKind::TeamRole, kTeam + "/member"}, "CRU", "R", "CRU", ""},
        {{PrincipalKind::Role, "reader"}, "R", "R", "R", ""},
        {{PrincipalKind::Role, "viewer"}, "R", "R", "R", ""},
        {{PrincipalKind::TeamRole, kTeam + "/viewer"}, "R", "R", "R", ""},
        {{PrincipalKind::Team, kTeam}, "R", "R", "R", ""},
        {{PrincipalKind::Role, "something"}, "", "", "", ""},
        {{PrincipalKind::User, kTeam}, "", "", "", ""},
        {{PrincipalKind::Group, "admin"}, "", "", "", ""},
        {{PrincipalKind::Label, "admin"}, "", "", "", ""},
    };
    for (const auto& line : lines) {
        for (const auto resource : {Resource::Collections, Resource::Tables, Resource::Indexes,
                                    Resource::Workflows, Resource::Documents, Resource::Rooms}) {
            EXPECT_EQ(letters(default_rights(line.principal, resource)), line.most)
                << line.principal.id << " " << to_text(resource);
        }
        const auto on = [&](Resource resource) {
            return letters(default_rights(line.principal, resource));
        };
        EXPECT_EQ(on(Resource::Jobs), line.jobs) << line.principal.id;
        EXPECT_EQ(on(Resource::Files), line.files) << line.principal.id;
        EXPECT_EQ(on(Resource::Permissions), line.permissions) << line.principal.id;
    }
}

TEST(Resolution, IsTheUnionAndARecordReplacesOnlyItsOwnDefault) {
    const std::vector<PrincipalKey> principals{{PrincipalKind::Role, "reader"},
                                               {PrincipalKind::Group, "g"}};
    auto rights = resolve_rights(
        principals, {record({PrincipalKind::Role, "reader"}, "tables", {}),
                     record({PrincipalKind::Group, "g"}, "tables", {Right::Delete}),
                     record({PrincipalKind::Group, "other"}, "tables", RightSet::all())});
    EXPECT_EQ(letters(rights.on(Resource::Tables)), "D");
    EXPECT_EQ(letters(rights.on(Resource::Files)), "R") << "untouched default";
    EXPECT_TRUE(resolve_rights({}, {}).on(Resource::Tables).empty());
}

TEST(Resolution, ATableStandsApartForItsPrincipalOnly) {
    const std::vector<PrincipalKey> principals{{PrincipalKind::Role, "operator"},
                                               {PrincipalKind::Label, "x"}};
    const auto rights = resolve_rights(
        principals, {record({PrincipalKind::Role, "operator"}, "tables/secret", {}),
                     record({PrincipalKind::Label, "x"}, "tables/log", {Right::Delete}),
                     record({PrincipalKind::Label, "y"}, "tables/other", RightSet::all())});
    EXPECT_EQ(letters(rights.on_table("SECRET")), "");
    EXPECT_EQ(letters(rights.on_table("log")), "CRUD") << "the operator's default and the label";
    EXPECT_EQ(letters(rights.on_table("other")), "CRU");
    EXPECT_EQ(rights.tables().size(), 2U);
}

TEST(Covers, LooksAtTablesOnBothSides) {
    Rights less = Rights::everything();
    less.set_table("t", {Right::Read});
    EXPECT_TRUE(covers(Rights::everything(), less));
    EXPECT_FALSE(covers(less, Rights::everything()));
    Rights more;
    more.set_table("t", {Right::Read});
    EXPECT_TRUE(covers(less, more));
}

TEST(Grants, AreBoundByWhatTheCallerMayOnEachTable) {
    Rights own = Rights::everything();
    own.set_table("secret", {Right::Read});
    Principal caller;
    caller.rights = std::make_shared<const Rights>(own);
    const auto may = [&](std::string_view resource, RightSet allow) {
        const auto ref = parse_text(std::type_identity<ResourceRef>{}, resource).value();
        return check_grant(caller, ref, allow).has_value();
    };
    EXPECT_TRUE(may("tables", {Right::Read}));
    EXPECT_FALSE(may("tables", {Right::Read, Right::Delete})) << "it would open the secret table";
    EXPECT_TRUE(may("tables/other", RightSet::all()));
    EXPECT_FALSE(may("tables/secret", {Right::Delete}));
    EXPECT_TRUE(may("files", RightSet::all()));
    EXPECT_TRUE(check_grant(caller, own)) << "what closes the same table may be handed on";
    EXPECT_FALSE(check_grant(caller, Rights::everything()));
}

TEST(Wire, PrincipalsRoundTrip) {
    const auto parse = [](std::string_view text) {
        const auto ref = decode_json<PrincipalRef>(parse_json(text).value());
        return ref ? to_key(*ref) : Result<PrincipalKey>(ref.error());
    };
    const std::string team_role =
        R"({"kind":"team_role","id":{"team_id":")" + kTeam + R"(","role":"owner"}})";
    const auto key = parse(team_role);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->id, kTeam + "/owner");
    EXPECT_EQ(boost::json::serialize(encode_json(to_ref(*key))), team_role);
    EXPECT_EQ(parse(R"({"kind":"role","id":"viewer"})")->id, "reader");
    EXPECT_EQ(parse(R"({"kind":"user","id":"0198C0DE-0000-7000-8000-00000000ABCD"})")->id, kTeam);
    for (const auto* bad : {R"({"kind":"role","id":""})", R"({"kind":"role","id":"a/b"})",
                            R"({"kind":"role","id":".."})", R"({"kind":"role","id":7})",
                            R"({"kind":"role","id":"a\u0000b"})", R"({"kind":"nobody","id":"a"})",
                            R"({"kind":"user","id":"a"})", R"({"kind":"team_role","id":"a"})",
                            R"({"kind":"team_role","id":{"team_id":"x","role":"owner"}})"}) {
        EXPECT_FALSE(parse(bad)) << bad;
    }
}

TEST(Wire, ResourcesAreTheNineAndTables) {
    const auto parse = [](std::string_view text) {
        return parse_text(std::type_identity<ResourceRef>{}, text);
    };
    EXPECT_EQ(to_text(parse("tables/Orders").value()), "tables/orders");
    EXPECT_EQ(to_text(parse("rooms").value()), "rooms");
    for (const auto* bad : {"", "tables/", "rooms/x", "Tables", "everything"}) {
        EXPECT_FALSE(parse(bad)) << bad;
    }
    EXPECT_EQ(boost::json::serialize(encode_json(effective_of(Rights()))),
              R"({"collections":[],"tables":[],"indexes":[],"jobs":[],"files":[],)"
              R"("permissions":[],"workflows":[],"documents":[],"rooms":[]})");
}

}  // namespace
}  // namespace zs::identity
