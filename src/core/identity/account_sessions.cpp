#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "core/identity/account_service.hpp"
#include "core/identity/limits.hpp"
#include "core/identity/password_policy.hpp"

#include <algorithm>

// The half of AccountService that deals with sessions and their tokens.
namespace zs::identity {
namespace {
constexpr std::size_t kJtiBytes = 16;

void count_refresh(std::string_view result) {
    metrics::counter("auth_attempts_total", "Sign-ups, logins and refreshes by their result",
                     {{"result", std::string(result)}})
        .add();
}

Error invalid_refresh_token() {
    count_refresh("invalid_refresh_token");
    return unauthenticated("the refresh token is not valid (any more): log in again",
                           "invalid_refresh_token");
}

std::string session_object(SessionId id) {
    return "session/" + id.to_string();
}

Timestamp whole_seconds(Timestamp time) {
    return std::chrono::floor<Seconds>(time);
}

std::string cut_utf8(std::string_view text, std::size_t bytes_max) {
    std::string out(text.substr(0, bytes_max));
    while (!out.empty() && !is_utf8(out))
        out.pop_back();
    std::erase_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    return out;
}
}  // namespace

Session AccountService::new_session(const User& user, const Environment& environment,
                                    const Client& client) const {
    const Timestamp now = ports_.clock.now();
    Session session;
    session.id = SessionId::next(ports_.clock);
    session.org_id = user.org_id;
    session.user_id = user.id;
    session.environment_id = environment.id;
    session.env_slug = environment.slug;
    session.ip = client.ip;
    session.user_agent = cut_utf8(client.user_agent, kUserAgentBytesMax);
    session.created_at = now;
    session.last_used_at = now;
    session.expires_at_max = now + config_.session_ttl_max;
    session.expires_at = std::min(whole_seconds(now) + config_.refresh_ttl, session.expires_at_max);
    return session;
}

TokenClaims AccountService::refresh_claims(SessionId session_id, UserId user_id, std::string org,
                                           std::string jti, Timestamp issued_at,
                                           Timestamp expires_at) const {
    TokenClaims claims;
    claims.type = TokenType::Refresh;
    claims.user_id = user_id;
    claims.org = std::move(org);
    claims.session_id = session_id;
    claims.jti = std::move(jti);
    claims.issuer = config_.issuer;
    claims.audience = config_.audience;
    claims.issued_at = issued_at;
    claims.not_before = issued_at;
    claims.expires_at = expires_at;
    return claims;
}

AccessGrant AccountService::grant(const User& user, const Session& session,
                                  const Environment& environment) const {
    TokenClaims claims;
    claims.type = TokenType::Access;
    claims.user_id = user.id;
    claims.org = user.org_id;
    claims.env = environment.slug;
    claims.roles = user.roles;
    claims.labels = user.labels;
    claims.session_id = session.id;
    claims.jti = to_hex(random_bytes(kJtiBytes));
    claims.issuer = config_.issuer;
    claims.audience = config_.audience;
    claims.issued_at = whole_seconds(ports_.clock.now());
    claims.not_before = claims.issued_at;
    claims.expires_at =
        std::min<Timestamp>(claims.issued_at + config_.access_ttl,
                            whole_seconds(std::min(session.expires_at, session.expires_at_max)));
    AccessGrant out;
    out.access_token = ports_.signer.sign(claims);
    out.expires_in =
        std::chrono::duration_cast<Seconds>(claims.expires_at - claims.issued_at).count();
    out.access_expires_at = claims.expires_at;
    out.user = summary_of(user);
    out.environment = summary_of(environment);
    return out;
}

TokenBundle AccountService::bundle(const User& user, const Session& session,
                                   const Environment& environment,
                                   std::string refresh_token) const {
    AccessGrant access = grant(user, session, environment);
    TokenBundle out;
    out.access_token = std::move(access.access_token);
    out.refresh_token = std::move(refresh_token);
    out.expires_in = access.expires_in;
    out.access_expires_at = access.access_expires_at;
    out.refresh_expires_at = session.expires_at;
    out.user = std::move(access.user);
    out.environment = std::move(access.environment);
    return out;
}

async::Task<Result<TokenBundle>> AccountService::open_session(User user, std::string env_slug,
                                                              Client client,
                                                              std::optional<std::string> new_hash) {
    auto environments = co_await ports_.environments.list(user.org_id);
    if (!environments) co_return environments.error();
    const auto environment = find_environment(*environments, env_slug);
    if (!environment) co_return environment.error();

    NewSession opening;
    opening.session = new_session(user, *environment, client);
    const Timestamp issued_at = whole_seconds(opening.session.created_at);
    const Timestamp expires_at = issued_at + config_.refresh_ttl;
    const std::string token =
        ports_.signer.sign(refresh_claims(opening.session.id, user.id, user.org_id,
                                          to_hex(random_bytes(kJtiBytes)), issued_at, expires_at));
    opening.token.hash = to_hex(sha256(token));
    opening.token.session_id = opening.session.id;
    opening.token.issued_at = issued_at;
    opening.token.expires_at = expires_at;
    opening.expected_password_hash = user.password_hash;
    opening.new_password_hash = std::move(new_hash);
    const Session session = opening.session;
    auto audit = audit_anonymous(client, user.org_id, "login", session_object(session.id));
    audit.actor_kind = "user";
    audit.actor_id = user.id.to_string();
    audit.token_id = session.id.to_string();
    auto ended = co_await ports_.sessions.create(std::move(opening), std::move(audit));
    if (!ended) co_return ended.error();
    cache_.sessions_ended(*ended);
    co_return bundle(user, session, *environment, token);
}

Result<TokenClaims> AccountService::read_refresh_token(const Secret& token) const {
    auto claims = ports_.signer.verify(token.reveal(), TokenType::Refresh, ports_.clock.now());
    if (!claims) return invalid_refresh_token();
    return claims;
}

async::Task<Result<TokenBundle>> AccountService::refresh(RefreshRequest request, Client client) {
    co_return co_await rotate(std::move(request.refresh_token), std::nullopt, std::move(client));
}

async::Task<Result<TokenBundle>> AccountService::switch_environment(
    SwitchEnvironmentRequest request, Client client) {
    co_return co_await rotate(std::move(request.refresh_token), std::move(request.environment),
                              std::move(client));
}

async::Task<Result<TokenBundle>> AccountService::rotate(Secret token,
                                                        std::optional<std::string> env_slug,
                                                        Client client) {
    auto allowed = refresh_limit_.attempt(network_of(client.ip));
    if (!allowed) {
        count_refresh("too_many_attempts");
        co_return allowed.error();
    }
    const auto claims = read_refresh_token(token);
    if (!claims) co_return claims.error();
    auto environments = co_await ports_.environments.list(claims->org);
    if (!environments) co_return environments.error();

    Rotation rotation;
    if (env_slug) {
        auto environment = find_environment(*environments, *env_slug);
        if (!environment) co_return environment.error();
        rotation.environment = std::move(*environment);
    }
    rotation.now = ports_.clock.now();
    rotation.grace = config_.refresh_grace;
    rotation.presented_hash = to_hex(sha256(token.reveal()));
    const std::string jti = successor_jti(claims->jti);
    // Signing is deterministic, so a token follows from its times: only they are stored.
    const auto sign = [&](Timestamp issued_at, Timestamp expires_at) {
        return ports_.signer.sign(refresh_claims(claims->session_id, claims->user_id, claims->org,
                                                 jti, issued_at, expires_at));
    };
    RefreshToken& successor = rotation.successor;
    successor.session_id = claims->session_id;
    successor.issued_at = whole_seconds(rotation.now);
    successor.expires_at = successor.issued_at + config_.refresh_ttl;
    successor.hash = to_hex(sha256(sign(successor.issued_at, successor.expires_at)));
    auto audit = audit_anonymous(client, claims->org, "refresh_token.reuse",
                                 session_object(claims->session_id));
    audit.actor_id = claims->user_id.to_string();
    audit.result = "family_revoked";

    auto result = co_await ports_.sessions.rotate(std::move(rotation), std::move(audit));
    if (!result) co_return result.error();
    if (result->verdict == RefreshVerdict::RevokeFamily) {
        cache_.sessions_ended(std::span(&claims->session_id, 1));
        count_refresh("refresh_token_reuse");
        co_return invalid_refresh_token();
    }
    if (result->verdict == RefreshVerdict::Refuse) co_return invalid_refresh_token();
    const std::string next = sign(result->successor.issued_at, result->successor.expires_at);
    // Differs only when the signing key was replaced within the grace period.
    if (to_hex(sha256(next)) != result->successor.hash) co_return invalid_refresh_token();
    const auto environment = find_environment(*environments, result->session.env_slug);
    if (!environment) co_return environment.error();
    count_refresh("refresh");
    co_return bundle(result->user, result->session, *environment, next);
}

async::Task<Result<void>> AccountService::logout(LogoutRequest request, PrincipalPtr caller,
                                                 Client client) {
    SessionEnd which;
    AuditEntry audit;
    if (request.refresh_token) {
        const auto claims = read_refresh_token(*request.refresh_token);
        if (!claims) co_return claims.error();
        which.user_id = claims->user_id;
        which.session_id = claims->session_id;
        audit = audit_anonymous(client, claims->org, "logout", session_object(claims->session_id));
        audit.actor_kind = "user";
        audit.actor_id = claims->user_id.to_string();
        audit.token_id = claims->session_id.to_string();
    } else if (caller && caller->token_kind == TokenKind::Access) {
        which.user_id = caller->user_id;
        which.session_id = SessionId(caller->token_id);
        audit = audit_by(*caller, client, "logout", session_object(*which.session_id));
    } else {
        co_return unauthenticated("send the refresh token, or the access token of a session");
    }
    // A token of an ended session must not end the others: the first call proves that it is live.
    const bool everywhere = request.all.value_or(false);
    auto ended = co_await ports_.sessions.end(which, audit);
    if (!ended) co_return ended.error();
    if (ended->empty()) co_return invalid_refresh_token();
    cache_.sessions_ended(*ended);
    if (everywhere) {
        which.session_id.reset();
        audit.action = "logout.all";
        auto others = co_await ports_.sessions.end(which, audit);
        if (!others) co_return others.error();
        cache_.sessions_ended(*others);
    }
    co_return Result<void>();
}

async::Task<Result<std::vector<SessionView>>> AccountService::sessions(PrincipalPtr caller) {
    if (auto person = check_signed_in(*caller); !person) co_return person.error();
    auto all = co_await ports_.sessions.list(caller->user_id, ports_.clock.now());
    if (!all) co_return all.error();
    std::vector<SessionView> views;
    for (const auto& session : *all) {
        SessionView view;
        view.id = session.id;
        view.env_slug = session.env_slug;
        view.created_at = session.created_at;
        view.last_used_at = session.last_used_at;
        view.ip = session.ip;
        view.user_agent = session.user_agent;
        view.current = session.id.uuid() == caller->token_id;
        views.push_back(std::move(view));
    }
    co_return views;
}

async::Task<Result<void>> AccountService::end_session(PrincipalPtr caller, SessionId id,
                                                      Client client) {
    if (auto person = check_signed_in(*caller); !person) co_return person.error();
    SessionEnd which;
    which.user_id = caller->user_id;
    which.session_id = id;
    auto audit = audit_by(*caller, client, "session.end", session_object(id));
    auto ended = co_await ports_.sessions.end(std::move(which), std::move(audit));
    if (!ended) co_return ended.error();
    if (ended->empty()) co_return not_found("there is no session " + id.to_string());
    cache_.sessions_ended(*ended);
    co_return Result<void>();
}

async::Task<Result<AccessGrant>> AccountService::access_token_for_session(PrincipalPtr caller,
                                                                          Client client) {
    auto allowed = refresh_limit_.attempt(network_of(client.ip));
    if (!allowed) {
        count_refresh("too_many_attempts");
        co_return allowed.error();
    }
    if (caller->token_kind != TokenKind::Access) {
        co_return unauthenticated("only the access token of a session can be renewed this way");
    }
    auto found = co_await ports_.credentials.find_session(SessionId(caller->token_id));
    if (!found) co_return found.error();
    if (!found->has_value() || (*found)->session.ended_at
        || ports_.clock.now() >= (*found)->session.expires_at) {
        co_return unauthenticated("the session has ended: log in again");
    }
    const SessionFacts& facts = **found;
    const auto environment = find_environment(facts.access.environments, caller->tenant.env_slug);
    if (!environment) co_return environment.error();
    co_return grant(facts.access.user, facts.session, *environment);
}

async::Task<Result<TokenBundle>> AccountService::issue_tokens(std::string email,
                                                              std::string env_slug) {
    auto address = normalize_email(email);
    if (!address) co_return address.error();
    auto user = co_await ports_.users.find_by_email(*address);
    if (!user) co_return user.error();
    if (!user->has_value()) co_return not_found("there is no user " + *address);
    if (!may_sign_in(**user)) co_return forbidden("the account is disabled", "account_disabled");
    Client client;
    client.user_agent = "zserver token";
    co_return co_await open_session(std::move(**user), std::move(env_slug), std::move(client),
                                    std::nullopt);
}

}  // namespace zs::identity
