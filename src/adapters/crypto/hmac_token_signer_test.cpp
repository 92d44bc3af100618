#include "adapters/crypto/hmac_token_signer.hpp"

#include "adapters/crypto/jwt.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace zs::crypto {
namespace {

using identity::TokenClaims;
using identity::TokenSecrets;
using identity::TokenType;

const Timestamp kNow(Millis(1'760'000'000'000));
const std::string kAccessKey(32, 'a');

TokenSecrets secrets() {
    TokenSecrets out;
    out.access = Secret(kAccessKey);
    out.refresh = Secret(std::string(32, 'r'));
    out.dev = Secret(std::string(32, 'd'));
    return out;
}

HmacTokenSigner signer(const TokenSecrets& with = secrets()) {
    return HmacTokenSigner::make(with, {"issuer", "audience", Seconds(60)}).value();
}

TokenClaims claims(TokenType type = TokenType::Access) {
    ManualClock clock(kNow);
    TokenClaims out;
    out.type = type;
    out.user_id = identity::UserId::next(clock);
    out.org = "default";
    out.env = type == TokenType::Refresh ? "" : "live";
    out.session_id = identity::SessionId::next(clock);
    if (type != TokenType::Refresh) out.roles = {"admin", "r\xC3\xB6le"};
    out.jti = "j";
    out.issuer = "issuer";
    out.audience = "audience";
    out.issued_at = kNow;
    out.not_before = kNow;
    out.expires_at = kNow + Seconds(900);
    return out;
}

bool accepts(std::string_view token, TokenType type = TokenType::Access, Timestamp now = kNow) {
    return signer().verify(token, type, now).has_value();
}

// A token with our key over whatever header and payload.
std::string forge(const boost::json::object& header, const boost::json::object& payload,
                  std::string_view key = kAccessKey) {
    return write_jwt(header, payload, key);
}

struct Parts {
    boost::json::object header;
    boost::json::object payload;
};
Parts parts_of(const std::string& token) {
    auto jwt = read_jwt(token).value();
    return {std::move(jwt.header), std::move(jwt.payload)};
}

TEST(HmacTokenSigner, ReadsWhatItWrote) {
    for (const auto type : {TokenType::Access, TokenType::Refresh, TokenType::Dev}) {
        const auto written = claims(type);
        const auto read = signer().verify(signer().sign(written), type, kNow);
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(read->user_id, written.user_id);
        EXPECT_EQ(read->session_id, written.session_id);
        EXPECT_EQ(read->env, written.env);
        EXPECT_EQ(read->roles, written.roles);
        EXPECT_EQ(read->expires_at, written.expires_at);
    }
}

TEST(HmacTokenSigner, IsDeterministic) {
    const auto written = claims(TokenType::Refresh);
    EXPECT_EQ(signer().sign(written), signer().sign(written));
}

TEST(HmacTokenSigner, EachTypeHasItsOwnKey) {
    const TokenType types[] = {TokenType::Access, TokenType::Refresh, TokenType::Dev};
    for (const auto made : types) {
        const auto token = signer().sign(claims(made));
        for (const auto asked : types)
            EXPECT_EQ(accepts(token, asked), made == asked);
    }
}

TEST(HmacTokenSigner, TheTypInsideMustFitToo) {
    // Signed with the access key and its kid, but it says refresh.
    auto parts = parts_of(signer().sign(claims()));
    parts.payload["typ"] = "refresh";
    EXPECT_FALSE(accepts(forge(parts.header, parts.payload)));
}

TEST(HmacTokenSigner, RefusesOtherAlgorithms) {
    const auto parts = parts_of(signer().sign(claims()));
    EXPECT_TRUE(accepts(forge(parts.header, parts.payload)));
    for (const auto* alg : {"none", "None", "HS512", "RS256", "hs256", ""}) {
        auto header = parts.header;
        header["alg"] = alg;
        EXPECT_FALSE(accepts(forge(header, parts.payload))) << alg;
        const auto token = forge(header, parts.payload);
        const auto unsigned_token = token.substr(0, token.rfind('.') + 1);
        EXPECT_FALSE(accepts(unsigned_token)) << alg;
    }
    auto header = parts.header;
    header.erase("alg");
    EXPECT_FALSE(accepts(forge(header, parts.payload)));
}

TEST(HmacTokenSigner, RefusesHeadersWithMore) {
    const auto parts = parts_of(signer().sign(claims()));
    for (const auto* name : {"crit", "jwk", "jku", "x5u", "b64"}) {
        auto header = parts.header;
        header[name] = "x";
        EXPECT_FALSE(accepts(forge(header, parts.payload))) << name;
    }
}

TEST(HmacTokenSigner, KidDecidesAndCannotConfuse) {
    const auto access = parts_of(signer().sign(claims()));
    const auto refresh = parts_of(signer().sign(claims(TokenType::Refresh)));
    auto header = access.header;
    header["kid"] = refresh.header.at("kid");
    EXPECT_FALSE(accepts(forge(header, access.payload)));
    EXPECT_FALSE(accepts(forge(header, access.payload, std::string(32, 'r'))))
        << "the refresh key is no key for access tokens";
    for (const boost::json::value& kid :
         {boost::json::value("unknown"), boost::json::value("../../dev/null"),
          boost::json::value(7), boost::json::value(nullptr), boost::json::value("")}) {
        header["kid"] = kid;
        EXPECT_FALSE(accepts(forge(header, access.payload)));
    }
    header.erase("kid");
    EXPECT_FALSE(accepts(forge(header, access.payload)));
}

TEST(HmacTokenSigner, RefusesOtherKeysAndChangedBytes) {
    const auto token = signer().sign(claims());
    const auto parts = parts_of(token);
    EXPECT_FALSE(accepts(forge(parts.header, parts.payload, std::string(32, 'x'))));
    for (std::size_t i = 0; i < token.size(); ++i) {
        auto changed = token;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_EQ(accepts(changed), changed == token) << "byte " << i;
        EXPECT_FALSE(accepts(token.substr(0, i))) << "cut at " << i;
    }
    EXPECT_FALSE(accepts(token + "A"));
    EXPECT_FALSE(accepts(token + ".A"));
    EXPECT_FALSE(accepts(token + "="));
    EXPECT_FALSE(accepts(std::string(1 << 20, 'a')));
    EXPECT_FALSE(accepts(token + std::string(1 << 20, 'A')));
}

TEST(HmacTokenSigner, TimesCountWithASkewOfAMinute) {
    const auto token = signer().sign(claims());
    EXPECT_TRUE(accepts(token, TokenType::Access, kNow + Seconds(959)));
    EXPECT_FALSE(accepts(token, TokenType::Access, kNow + Seconds(960)));
    EXPECT_TRUE(accepts(token, TokenType::Access, kNow - Seconds(60)));
    EXPECT_FALSE(accepts(token, TokenType::Access, kNow - Seconds(61)));
}

TEST(HmacTokenSigner, IssuerAndAudienceMustBeOurs) {
    auto foreign = claims();
    foreign.issuer = "somebody";
    EXPECT_FALSE(accepts(signer().sign(foreign)));
    foreign = claims();
    foreign.audience = "somebody";
    EXPECT_FALSE(accepts(signer().sign(foreign)));
}

TEST(HmacTokenSigner, EveryClaimIsNeededAndTyped) {
    const auto parts = parts_of(signer().sign(claims()));
    for (const auto* name :
         {"typ", "sub", "org", "env", "sid", "jti", "iss", "aud", "iat", "nbf", "exp"}) {
        auto payload = parts.payload;
        payload.erase(name);
        EXPECT_FALSE(accepts(forge(parts.header, payload))) << "without " << name;
        payload[name] = boost::json::array{1};
        EXPECT_FALSE(accepts(forge(parts.header, payload))) << "wrong type of " << name;
    }
    auto payload = parts.payload;
    payload["exp"] = 1e300;
    EXPECT_FALSE(accepts(forge(parts.header, payload)));
    payload["exp"] = std::numeric_limits<std::int64_t>::max();
    EXPECT_FALSE(accepts(forge(parts.header, payload)));
    payload = parts.payload;
    payload["roles"] = "admin";
    EXPECT_FALSE(accepts(forge(parts.header, payload)));
}

TEST(HmacTokenSigner, DuplicateKeysAreNotJson) {
    const std::string header = to_base64url(R"({"alg":"HS256","alg":"none","typ":"JWT"})");
    EXPECT_FALSE(read_jwt(header + "." + to_base64url("{}") + "."));
}

TEST(HmacTokenSigner, ThePreviousSecretStillVerifies) {
    const auto old_access = signer().sign(claims());
    auto replaced = secrets();
    replaced.access = Secret(std::string(32, 'n'));
    EXPECT_FALSE(signer(replaced).verify(old_access, TokenType::Access, kNow));
    replaced.previous = Secret(kAccessKey);
    EXPECT_TRUE(signer(replaced).verify(old_access, TokenType::Access, kNow));
    const auto fresh = signer(replaced).sign(claims());
    EXPECT_FALSE(signer().verify(fresh, TokenType::Access, kNow)) << "the new secret signs";
    EXPECT_FALSE(signer(replaced).verify(old_access, TokenType::Refresh, kNow));
}

TEST(HmacTokenSigner, SecretsMustBeLongAndDiffer) {
    const auto refused = [](TokenSecrets with) {
        return !HmacTokenSigner::make(with, {"i", "a", Seconds(60)});
    };
    EXPECT_FALSE(refused(secrets()));
    auto bad = secrets();
    bad.access = Secret(std::string(31, 'a'));
    EXPECT_TRUE(refused(bad));
    bad = secrets();
    bad.refresh = bad.access;
    EXPECT_TRUE(refused(bad));
    bad = secrets();
    bad.dev = bad.access;
    EXPECT_TRUE(refused(bad));
    bad = secrets();
    bad.previous = Secret("short");
    EXPECT_TRUE(refused(bad));
}

}  // namespace
}  // namespace zs::crypto
