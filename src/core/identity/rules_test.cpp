#include "base/encoding.hpp"
#include "core/identity/api_key.hpp"
#include "core/identity/client.hpp"
#include "core/identity/organization.hpp"
#include "core/identity/page.hpp"
#include "core/identity/password_policy.hpp"
#include "core/identity/permission.hpp"
#include "core/identity/session.hpp"

#include <gtest/gtest.h>

namespace zs::identity {
namespace {

TEST(Email, IsTrimmedLowerCasedAndShaped) {
    EXPECT_EQ(normalize_email(" Ada.L@Example.COM\t").value(), "ada.l@example.com");
    EXPECT_EQ(normalize_email("j\xC3\xB6rg@b\xC3\xBC"
                              "cher.example")
                  .value(),
              "j\xC3\xB6rg@b\xC3\xBC"
              "cher.example");
    for (const auto* bad : {"", "a", "@b.co", "a@", "a@b", "a@b.", "a@.co", "a@b..co", "a b@c.co",
                            "a@b@c.co", "a@-b.co", "a@b-.co", "a@b_c.co", "a\n@b.co", "<a@b.co>",
                            "a@b.co,c@d.co", "\xFF@b.co", "a@b.c\x01o"}) {
        const auto result = normalize_email(bad);
        ASSERT_FALSE(result) << bad;
        EXPECT_EQ(result.error().reason, "invalid_email");
    }
    EXPECT_TRUE(normalize_email(std::string(64, 'a') + "@b.co"));
    EXPECT_FALSE(normalize_email(std::string(65, 'a') + "@b.co"));
    std::string domain;
    for (int i = 0; i < 40; ++i)
        domain += "abcdef.";
    EXPECT_FALSE(normalize_email("a@" + domain + "co"));
}

TEST(Password, HasEightToAHundredAndTwentyEightCharacters) {
    EXPECT_FALSE(check_password("a1b2c3d", "x@y.zz"));
    EXPECT_TRUE(check_password("a1b2c3dx", "x@y.zz"));
    std::string umlauts;
    for (int i = 0; i < 128; ++i)
        umlauts += "\xC3\xA4";
    EXPECT_TRUE(check_password(umlauts, "x@y.zz")) << "characters, not bytes";
    EXPECT_FALSE(check_password(umlauts + "a", "x@y.zz"));
    EXPECT_FALSE(check_password("Some.Body@y.zz", "some.body@y.zz"));
}

TEST(Password, CommonOnesAreRefusedInAnyCase) {
    for (const auto* common : {"password", "PASSWORD1", "12345678", "Qwertyuiop", "letmein123"}) {
        EXPECT_TRUE(is_common_password(common)) << common;
    }
    EXPECT_FALSE(is_common_password("correct horse 9"));
}

TEST(ApiKey, HasAChecksum) {
    const auto key = make_api_key();
    EXPECT_EQ(key.size(), 52U);
    EXPECT_TRUE(is_well_formed_api_key(key));
    EXPECT_NE(key, make_api_key());
    for (std::size_t i = 0; i < key.size(); ++i) {
        auto changed = key;
        changed[i] = changed[i] == '7' ? '8' : '7';
        EXPECT_FALSE(is_well_formed_api_key(changed)) << i;
        EXPECT_FALSE(is_well_formed_api_key(key.substr(0, i)));
    }
    EXPECT_FALSE(is_well_formed_api_key(key + "0"));
}

TEST(Scopes, AreRights) {
    const auto all = rights_of_scopes({});
    EXPECT_TRUE(covers(*all, Rights::everything()));
    const auto rights = rights_of_scopes({"tables:read", "workflows.execute", "execution.cancel"});
    ASSERT_TRUE(rights);
    EXPECT_EQ(rights->on(Resource::Tables), RightSet{Right::Read});
    EXPECT_EQ(rights->on(Resource::Workflows), (RightSet{Right::Read, Right::Update}));
    EXPECT_EQ(rights->on(Resource::Jobs), RightSet{Right::Create});
    EXPECT_TRUE(rights->on(Resource::Files).empty());
    for (const auto* bad : {"", "tables", "tables:", "tables:write", "Tables:read", "tables.read",
                            "workflow.run", "execution.create", "*", "tables:*"}) {
        EXPECT_FALSE(rights_of_scopes({bad})) << bad;
    }
}

TEST(Scopes, NarrowTablesThatStandApart) {
    Rights rights;
    rights.set(Resource::Tables, {Right::Read});
    rights.set_table("Orders", RightSet::all());
    Rights cut;
    cut.set(Resource::Tables, {Right::Read, Right::Create});
    const auto out = narrow(rights, cut);
    EXPECT_EQ(out.on_table("orders"), (RightSet{Right::Read, Right::Create}));
    EXPECT_EQ(out.on_table("other"), RightSet{Right::Read});
}

TEST(Client, NetworksAreWhatIsCounted) {
    EXPECT_EQ(network_of("192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(network_of("::ffff:192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(network_of("2001:db8:1:2:3::4"), network_of("2001:db8:1:2:ffff::9"));
    EXPECT_NE(network_of("2001:db8:1:2::4"), network_of("2001:db8:1:3::4"));
    EXPECT_EQ(network_of("unknown"), "unknown");
}

TEST(Client, RangesAreReadStrictly) {
    EXPECT_TRUE(address_in_range("10.9.8.7", "10.0.0.0/8"));
    EXPECT_FALSE(address_in_range("11.0.0.0", "10.0.0.0/8"));
    EXPECT_TRUE(address_in_range("1.2.3.4", "0.0.0.0/0"));
    EXPECT_TRUE(address_in_range("192.0.2.128", "192.0.2.128/25"));
    EXPECT_FALSE(address_in_range("192.0.2.127", "192.0.2.128/25"));
    EXPECT_FALSE(address_in_range("::1", "0.0.0.0/0"));
    EXPECT_FALSE(address_in_range("nonsense", "0.0.0.0/0"));
    for (const auto* bad :
         {"", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0/8", "a", "::/1x"}) {
        EXPECT_FALSE(is_address_range(bad)) << bad;
    }
}

TEST(Cursor, BelongsToItsFilters) {
    const auto cursor = make_cursor("filters", "key");
    EXPECT_EQ(read_cursor("filters", cursor).value(), "key");
    EXPECT_FALSE(read_cursor("others", cursor));
    EXPECT_FALSE(read_cursor("filters", cursor.substr(1)));
    EXPECT_FALSE(read_cursor("filters", ""));
    EXPECT_EQ(read_cursor("filters", "!").error().reason, "invalid_cursor");
}

TEST(Slug, ComesFromTheName) {
    EXPECT_EQ(slug_from_name("  Acme & Sons, Ltd. "), "acme-sons-ltd");
    EXPECT_TRUE(check_slug("a-1"));
    for (const auto* bad : {"", "A", "a_b", "a b"})
        EXPECT_FALSE(check_slug(bad)) << bad;
    EXPECT_FALSE(check_slug(std::string(64, 'a')));
}

// Every state of a refresh token against every moment.
TEST(RefreshToken, WholeLife) {
    const Timestamp start(Millis(1'000'000'000));
    const auto at = [start](int secs) { return start + Seconds(secs); };
    struct Case {
        const char* name;
        std::optional<int> spent;
        bool ended;
        int now;
        RefreshVerdict verdict;
    };
    const Case cases[] = {
        {"fresh", {}, false, 1, RefreshVerdict::Rotate},
        {"last second", {}, false, 99, RefreshVerdict::Rotate},
        {"expired", {}, false, 100, RefreshVerdict::Refuse},
        {"ended", {}, true, 1, RefreshVerdict::Refuse},
        {"just spent", 5, false, 5, RefreshVerdict::RepeatSuccessor},
        {"end of grace", 5, false, 14, RefreshVerdict::RepeatSuccessor},
        {"reused", 5, false, 15, RefreshVerdict::RevokeFamily},
        {"reused when expired", 5, false, 120, RefreshVerdict::RevokeFamily},
        {"reused after the end", 5, true, 15, RefreshVerdict::Refuse},
        {"grace after the end", 5, true, 6, RefreshVerdict::Refuse},
        {"session over", {}, false, 200, RefreshVerdict::Refuse},
        {"reused when over", 5, false, 200, RefreshVerdict::Refuse},
    };
    for (const auto& test : cases) {
        RefreshToken token;
        token.expires_at = at(100);
        if (test.spent) token.spent_at = at(*test.spent);
        Session session;
        session.expires_at = at(150);
        session.expires_at_max = at(200);
        if (test.ended) session.ended_at = at(0);
        EXPECT_EQ(judge_refresh(token, session, at(test.now), Millis(10'000)), test.verdict)
            << test.name;
    }
}

TEST(RefreshToken, SuccessorsFollowFromTheirParent) {
    EXPECT_EQ(successor_jti("a"), successor_jti("a"));
    EXPECT_NE(successor_jti("a"), successor_jti("b"));
    EXPECT_NE(successor_jti(successor_jti("a")), successor_jti("a"));
}

}  // namespace
}  // namespace zs::identity
