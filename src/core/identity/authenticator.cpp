#include "core/identity/authenticator.hpp"

#include "base/encoding.hpp"
#include "base/random.hpp"
#include "core/identity/api_key.hpp"
#include "core/identity/client.hpp"
#include "core/identity/limits.hpp"

#include <algorithm>

namespace zs::identity {
namespace {
// The last moment that RFC 3339 can write.
constexpr Timestamp kNever{Millis(253'402'300'799'999)};

Error bad_credential(std::string message) {
    return unauthenticated(std::move(message));
}

// What every kind of credential of a user has in common.
std::shared_ptr<Principal> principal_of(const AccessFacts& facts, const Environment& environment) {
    auto principal = std::make_shared<Principal>();
    principal->user_id = facts.user.id;
    principal->email = facts.user.email;
    principal->name = facts.user.name;
    principal->tenant = Tenant{facts.user.org_id, environment.slug};
    principal->environment_id = environment.id;
    principal->roles = facts.user.roles;
    principal->labels = facts.user.labels;
    return principal;
}

Rights rights_of(const AccessFacts& facts) {
    return resolve_rights(principals_of(facts.user), facts.records);
}

Result<void> check_key(const ApiKeyFacts& facts, std::string_view hash, Timestamp now) {
    const ApiKey& key = facts.key;
    if (key.revoked_at) return bad_credential("the API key was revoked");
    if (key.expires_at && now >= *key.expires_at) return bad_credential("the API key has expired");
    if (hash != key.key_hash) {
        const bool overlaps = key.previous_expires_at && now < *key.previous_expires_at;
        if (!overlaps) return bad_credential("the API key was replaced by a newer one");
    }
    if (!may_sign_in(facts.access.user)) return bad_credential("the account is disabled");
    return {};
}

// The moment up to which nothing about the key can change by time alone.
Timestamp valid_until(const ApiKey& key, std::string_view hash, Timestamp now) {
    Timestamp until = now + Seconds(3600);
    if (key.expires_at) until = std::min(until, *key.expires_at);
    if (hash != key.key_hash) until = std::min(until, *key.previous_expires_at);
    return until;
}
}  // namespace

UserId dev_user_id() {
    static const UserId id = UserId::parse("00000000-0000-7000-8000-00000000de75").value();
    return id;
}

Authenticator::Authenticator(CredentialStore& credentials, EnvironmentStore& environments,
                             const TokenSigner& signer, AccessCache& cache, const Clock& clock,
                             const IdentityConfig& config)
    : credentials_(credentials),
      environments_(environments),
      signer_(signer),
      cache_(cache),
      clock_(clock),
      config_(config) {}

async::Task<Result<PrincipalPtr>> Authenticator::authenticate(std::string credential,
                                                              std::string client_ip) {
    if (auto known = try_cached(credential, client_ip)) co_return known;
    if (credential.size() > kTokenBytesMax) co_return bad_credential("the token is too long");
    if (is_api_key(credential)) {
        co_return co_await api_key(std::move(credential), std::move(client_ip));
    }
    auto claims = signer_.verify(credential, TokenType::Access, clock_.now());
    if (claims) co_return co_await access_token(std::move(credential), std::move(*claims));
    if (config_.dev_mode) {
        auto dev = signer_.verify(credential, TokenType::Dev, clock_.now());
        if (dev) co_return co_await dev_token(std::move(credential), std::move(*dev));
    }
    co_return claims.error();
}

async::Task<Result<PrincipalPtr>> Authenticator::access_token(std::string credential,
                                                              TokenClaims claims) {
    // Before reading: a change that commits while we read marks what we make of it.
    const auto generation = cache_.generation();
    const auto life = cache_.session_life(claims.session_id);
    auto found = co_await credentials_.find_session(claims.session_id);
    if (!found) co_return found.error();
    const bool ours = found->has_value() && (*found)->session.user_id == claims.user_id
                      && (*found)->access.user.org_id == claims.org;
    if (!ours) co_return bad_credential("the session is unknown");
    const SessionFacts& facts = **found;
    if (facts.session.ended_at || clock_.now() >= facts.session.expires_at_max) {
        co_return bad_credential("the session has ended");
    }
    if (!may_sign_in(facts.access.user)) co_return bad_credential("the account is disabled");
    const auto environment = find_environment(facts.access.environments, claims.env);
    if (!environment) co_return bad_credential("the environment of the token is gone");

    auto principal = principal_of(facts.access, *environment);
    principal->token_kind = TokenKind::Access;
    principal->token_id = claims.session_id.uuid();
    principal->expires_at = claims.expires_at;
    principal->rights = std::make_shared<const Rights>(rights_of(facts.access));
    CachedCredential entry;
    entry.principal = principal;
    entry.valid_until = std::min(claims.expires_at + kClockSkew, facts.session.expires_at_max);
    entry.generation = generation;
    entry.life = life;
    cache_.put(credential, std::move(entry));
    co_return PrincipalPtr(std::move(principal));
}

async::Task<Result<PrincipalPtr>> Authenticator::dev_token(std::string credential,
                                                           TokenClaims claims) {
    const auto generation = cache_.generation();
    auto environments = co_await environments_.list(config_.dev_org);
    if (!environments) co_return environments.error();
    const auto environment = find_environment(*environments, claims.env);
    if (!environment || claims.org != config_.dev_org) {
        co_return bad_credential("the dev token is for another org");
    }
    auto principal = std::make_shared<Principal>();
    principal->user_id = dev_user_id();
    principal->email = "dev@localhost.localdomain";
    principal->tenant = Tenant{claims.org, environment->slug};
    principal->environment_id = environment->id;
    principal->roles.emplace_back(kRoleAdmin);
    principal->token_kind = TokenKind::Dev;
    principal->token_id = claims.session_id.uuid();
    principal->expires_at = claims.expires_at;
    principal->rights = std::make_shared<const Rights>(Rights::everything());
    CachedCredential entry;
    entry.principal = principal;
    entry.valid_until = claims.expires_at + kClockSkew;
    entry.generation = generation;
    cache_.put(credential, std::move(entry));
    co_return PrincipalPtr(std::move(principal));
}

async::Task<Result<PrincipalPtr>> Authenticator::api_key(std::string credential,
                                                         std::string client_ip) {
    if (!is_well_formed_api_key(credential)) {
        co_return bad_credential("this is not an API key: it is cut off or mistyped");
    }
    const auto generation = cache_.generation();
    const std::string hash = api_key_hash(credential);
    auto found = co_await credentials_.find_api_key(hash);
    if (!found) co_return found.error();
    if (!found->has_value()) co_return bad_credential("the API key is unknown");
    const ApiKeyFacts& facts = **found;
    const Timestamp now = clock_.now();
    if (auto checked = check_key(facts, hash, now); !checked) co_return checked.error();
    const auto environment = find_environment(facts.access.environments, facts.key.env_slug);
    auto scopes = rights_of_scopes(facts.key.scopes);
    if (!environment || !scopes) co_return bad_credential("the API key is of no use any more");

    auto principal = principal_of(facts.access, *environment);
    principal->token_kind = TokenKind::ApiKey;
    principal->token_id = facts.key.id.uuid();
    principal->expires_at = facts.key.expires_at.value_or(kNever);
    principal->narrowed = !facts.key.scopes.empty();
    principal->rights = std::make_shared<const Rights>(narrow(rights_of(facts.access), *scopes));
    CachedCredential entry;
    entry.principal = principal;
    entry.valid_until = valid_until(facts.key, hash, now);
    entry.generation = generation;
    entry.ip_allow = facts.key.ip_allow;
    const bool allowed =
        entry.ip_allow.empty()
        || std::any_of(entry.ip_allow.begin(), entry.ip_allow.end(),
                       [&](const auto& range) { return address_in_range(client_ip, range); });
    cache_.put(credential, std::move(entry));
    if (!allowed) co_return forbidden("the API key may not be used from this address");
    co_return PrincipalPtr(std::move(principal));
}

std::string Authenticator::mint_dev_token(std::string_view env_slug) const {
    const auto now = std::chrono::floor<Seconds>(clock_.now());
    TokenClaims claims;
    claims.type = TokenType::Dev;
    claims.user_id = dev_user_id();
    claims.org = config_.dev_org;
    claims.env = env_slug;
    claims.roles.emplace_back(kRoleAdmin);
    claims.session_id = SessionId::next(clock_);
    claims.jti = to_hex(random_bytes(12));
    claims.issuer = config_.issuer;
    claims.audience = config_.audience;
    claims.issued_at = now;
    claims.not_before = now;
    claims.expires_at = now + config_.dev_token_ttl;
    return signer_.sign(claims);
}

}  // namespace zs::identity
