#include "adapters/crypto/hmac_token_signer.hpp"

#include "adapters/crypto/jwt.hpp"
#include "base/assert.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace zs::crypto {
namespace {
using identity::TokenClaims;
using identity::TokenType;

constexpr std::size_t kSecretBytesMin = 32;
constexpr std::size_t kListMax = 1000;

Error bad_token() {
    return unauthenticated("the token is not valid");
}

// Says which key made a token without saying anything about the key.
std::string key_id(TokenType type, const Secret& secret) {
    const std::string name = "kid of " + std::string(to_text(type));
    return std::string(to_text(type).substr(0, 1))
           + to_hex(hmac_sha256(secret.reveal(), name)).substr(0, 15);
}

boost::json::array texts(const std::vector<std::string>& list) {
    boost::json::array out;
    for (const auto& item : list)
        out.push_back(json_text(item));
    return out;
}

std::int64_t to_seconds(Timestamp time) {
    return std::chrono::floor<Seconds>(time).time_since_epoch().count();
}

// Reads members and remembers whether any was missing or of another type.
class ClaimReader {
public:
    explicit ClaimReader(const boost::json::object& object) : object_(object) {}

    std::string text(std::string_view name) {
        const auto* value = object_.if_contains(name);
        if (value == nullptr || !value->is_string()) {
            ok_ = false;
            return {};
        }
        return {value->get_string().data(), value->get_string().size()};
    }
    Timestamp time(std::string_view name) {
        const auto* value = object_.if_contains(name);
        const auto* seconds = value == nullptr ? nullptr : value->if_int64();
        if (seconds == nullptr || *seconds < 0 || *seconds > kSecondsMax) {
            ok_ = false;
            return {};
        }
        return Timestamp(Seconds(*seconds));
    }
    std::vector<std::string> list(std::string_view name) {
        const auto* value = object_.if_contains(name);
        if (value == nullptr) return {};
        const auto* array = value->if_array();
        std::vector<std::string> out;
        if (array == nullptr || array->size() > kListMax) {
            ok_ = false;
            return out;
        }
        for (const auto& item : *array) {
            if (!item.is_string()) {
                ok_ = false;
                return out;
            }
            out.emplace_back(item.get_string().data(), item.get_string().size());
        }
        return out;
    }
    template <class Id>
    Id id(std::string_view name) {
        auto parsed = Id::parse(text(name));
        if (parsed) return *parsed;
        ok_ = false;
        return {};
    }
    bool ok() const { return ok_; }

private:
    static constexpr std::int64_t kSecondsMax = 253'402'300'799;  // the end of year 9999
    const boost::json::object& object_;
    bool ok_ = true;
};

Result<TokenClaims> read_claims(const boost::json::object& payload) {
    ClaimReader reader(payload);
    TokenClaims claims;
    const auto type = parse_text(std::type_identity<TokenType>{}, reader.text("typ"));
    if (!type) return bad_token();
    claims.type = *type;
    claims.user_id = reader.id<identity::UserId>("sub");
    claims.org = reader.text("org");
    if (claims.type != TokenType::Refresh) claims.env = reader.text("env");
    claims.roles = reader.list("roles");
    claims.labels = reader.list("labels");
    claims.session_id = reader.id<identity::SessionId>("sid");
    claims.jti = reader.text("jti");
    claims.issuer = reader.text("iss");
    claims.audience = reader.text("aud");
    claims.issued_at = reader.time("iat");
    claims.not_before = reader.time("nbf");
    claims.expires_at = reader.time("exp");
    if (!reader.ok()) return bad_token();
    return claims;
}

boost::json::object write_claims(const TokenClaims& claims) {
    boost::json::object payload;
    payload["typ"] = json_text(to_text(claims.type));
    payload["sub"] = json_text(claims.user_id.to_string());
    payload["org"] = json_text(claims.org);
    if (claims.type != TokenType::Refresh) {
        payload["env"] = json_text(claims.env);
        payload["roles"] = texts(claims.roles);
        payload["labels"] = texts(claims.labels);
    }
    payload["sid"] = json_text(claims.session_id.to_string());
    payload["jti"] = json_text(claims.jti);
    payload["iss"] = json_text(claims.issuer);
    payload["aud"] = json_text(claims.audience);
    payload["iat"] = to_seconds(claims.issued_at);
    payload["nbf"] = to_seconds(claims.not_before);
    payload["exp"] = to_seconds(claims.expires_at);
    return payload;
}

bool has_text(const boost::json::object& object, std::string_view name, std::string_view wanted) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string()
           && std::string_view(value->get_string().data(), value->get_string().size()) == wanted;
}
}  // namespace

Result<HmacTokenSigner> HmacTokenSigner::make(const identity::TokenSecrets& secrets,
                                              identity::TokenRules rules) {
    std::vector<Key> keys;
    const auto add = [&keys](TokenType type, const Secret& secret) {
        Key key;
        key.id = key_id(type, secret);
        key.type = type;
        key.secret = secret;
        keys.push_back(std::move(key));
    };
    add(TokenType::Access, secrets.access);
    add(TokenType::Refresh, secrets.refresh);
    if (secrets.dev) add(TokenType::Dev, *secrets.dev);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i].secret.reveal().size() < kSecretBytesMin) {
            return invalid_argument("the secret for " + std::string(to_text(keys[i].type))
                                    + " tokens must have at least 32 bytes");
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (keys[i].secret.reveal() == keys[j].secret.reveal()) {
                return invalid_argument(
                    "the secrets for access, refresh and dev tokens must differ");
            }
        }
    }
    if (secrets.previous) {
        if (secrets.previous->reveal().size() < kSecretBytesMin) {
            return invalid_argument("the previous secret must have at least 32 bytes");
        }
        add(TokenType::Access, *secrets.previous);
        add(TokenType::Refresh, *secrets.previous);
    }
    return HmacTokenSigner(std::move(keys), std::move(rules));
}

const HmacTokenSigner::Key* HmacTokenSigner::signing_key(TokenType type) const {
    const auto found = std::find_if(keys_.begin(), keys_.end(),
                                    [type](const auto& key) { return key.type == type; });
    return found == keys_.end() ? nullptr : &*found;
}

const HmacTokenSigner::Key* HmacTokenSigner::key_of(std::string_view id, TokenType type) const {
    const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const auto& key) {
        return key.type == type && key.id == id;
    });
    return found == keys_.end() ? nullptr : &*found;
}

std::string HmacTokenSigner::sign(const TokenClaims& claims) const {
    const Key* key = signing_key(claims.type);
    ZS_ASSERT(key != nullptr);  // dev tokens are made only where their secret is configured
    boost::json::object header;
    header["alg"] = "HS256";
    header["typ"] = "JWT";
    header["kid"] = json_text(key->id);
    return write_jwt(header, write_claims(claims), key->secret.reveal());
}

Result<TokenClaims> HmacTokenSigner::verify(std::string_view token, TokenType expected,
                                            Timestamp now) const {
    const auto jwt = read_jwt(token);
    if (!jwt) return jwt.error();
    // A header we did not write is not ours: other algorithms, critical extensions, embedded keys.
    if (!has_text(jwt->header, "alg", "HS256") || !has_text(jwt->header, "typ", "JWT")
        || jwt->header.size() != 3) {
        return bad_token();
    }
    const auto* kid = jwt->header.if_contains("kid");
    if (kid == nullptr || !kid->is_string()) return bad_token();
    const Key* key = key_of({kid->get_string().data(), kid->get_string().size()}, expected);
    if (key == nullptr) return bad_token();
    const std::string wanted = hmac_sha256(key->secret.reveal(), jwt->signed_part);
    if (!equals_in_constant_time(wanted, jwt->signature)) return bad_token();
    auto claims = read_claims(jwt->payload);
    if (!claims) return claims;
    auto checked = check_claims(*claims, expected, rules_, now);
    if (!checked) return checked.error();
    return claims;
}

}  // namespace zs::crypto
