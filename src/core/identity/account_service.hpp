#pragma once

#include "async/task.hpp"
#include "core/identity/access_cache.hpp"
#include "core/identity/account.hpp"
#include "core/identity/attempt_limiter.hpp"
#include "core/identity/audit_log.hpp"
#include "core/identity/credential_store.hpp"
#include "core/identity/identity_config.hpp"
#include "core/identity/organization_store.hpp"
#include "core/identity/password_hasher.hpp"
#include "core/identity/session_store.hpp"
#include "core/identity/token_signer.hpp"
#include "core/identity/user_store.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace zs::identity {

struct AccountPorts {
    UserStore& users;
    SessionStore& sessions;
    CredentialStore& credentials;
    EnvironmentStore& environments;
    PasswordHasher& hasher;
    const TextNormalizer& normalizer;
    const TokenSigner& signer;
    const Clock& clock;
};

// Sign-up, sign-in and what a user does with the own account. Source: http-api.md section 2.
// Threading:  any.
// Durability: an answered sign-up, login, refresh, logout or password change survives power loss.
// Errors:     beside those listed, Exhausted "too_many_attempts" (details.retry_after_secs) from
//             sign-up, login, refresh and switch; Unavailable "overloaded" when the hash queue is
//             full.
class AccountService {
public:
    AccountService(AccountPorts ports, AccessCache& cache, AuditLog& audit,
                   const IdentityConfig& config);

    // Errors: InvalidArgument "invalid_email", "weak_password"; Forbidden "signup_closed";
    // Conflict.
    async::Task<Result<SignupReply>> signup(SignupRequest request, Client client);
    // Both at once, with one attempt of sign-up and none of login.
    async::Task<Result<TokenBundle>> signup_and_login(SignupRequest request, Client client);
    // Errors: InvalidArgument "unknown_environment"; Unauthenticated "invalid_credentials";
    // Forbidden "account_disabled".
    async::Task<Result<TokenBundle>> login(LoginRequest request, Client client);
    // Errors: Unauthenticated "invalid_refresh_token".
    async::Task<Result<TokenBundle>> refresh(RefreshRequest request, Client client);
    // Errors: InvalidArgument "unknown_environment"; Unauthenticated "invalid_refresh_token".
    async::Task<Result<TokenBundle>> switch_environment(SwitchEnvironmentRequest request,
                                                        Client client);
    // `caller` may be null when the request has a refresh token.
    // Errors: Unauthenticated when neither names a session.
    async::Task<Result<void>> logout(LogoutRequest request, PrincipalPtr caller, Client client);
    // Ends the other sessions. Errors: InvalidArgument "weak_password"; Unauthenticated
    // "invalid_credentials"; Forbidden for an API key or a dev token.
    async::Task<Result<void>> change_password(PrincipalPtr caller, ChangePasswordRequest request,
                                              Client client);
    // Errors: Forbidden for an API key.
    async::Task<Result<std::vector<SessionView>>> sessions(PrincipalPtr caller);
    // Errors: Forbidden for an API key; NotFound, also for another user's session.
    async::Task<Result<void>> end_session(PrincipalPtr caller, SessionId id, Client client);
    // GET /v1/whoami
    Whoami me(const Principal& caller) const { return whoami_of(caller); }
    // A new access token for the caller's session without touching its refresh token.
    // Errors: Unauthenticated for a credential that is not a session's.
    async::Task<Result<AccessGrant>> access_token_for_session(PrincipalPtr caller, Client client);

    // For operators at the machine itself: no attempt limits, no password.
    async::Task<Result<TokenBundle>> issue_tokens(std::string email, std::string env_slug);

private:
    async::Task<Result<User>> add_account(SignupRequest request, Client client);
    struct Passed;  // a user whose password has been checked
    async::Task<Result<Passed>> check_login(LoginRequest request, Client client);
    async::Task<Result<TokenBundle>> open_session(User user, std::string env_slug, Client client,
                                                  std::optional<std::string> new_hash);
    async::Task<Result<TokenBundle>> rotate(Secret token, std::optional<std::string> env_slug,
                                            Client client);
    Result<TokenClaims> read_refresh_token(const Secret& token) const;
    TokenClaims refresh_claims(SessionId session_id, UserId user_id, std::string org,
                               std::string jti, Timestamp issued_at, Timestamp expires_at) const;
    AccessGrant grant(const User& user, const Session& session,
                      const Environment& environment) const;
    TokenBundle bundle(const User& user, const Session& session, const Environment& environment,
                       std::string refresh_token) const;
    Session new_session(const User& user, const Environment& environment,
                        const Client& client) const;

    AccountPorts ports_;
    AccessCache& cache_;
    AuditLog& audit_;
    const IdentityConfig& config_;
    AttemptLimiter login_account_limit_;
    AttemptLimiter login_ip_limit_;
    AttemptLimiter signup_limit_;
    AttemptLimiter refresh_limit_;
};

}  // namespace zs::identity
