#include "core/identity/account_service.hpp"

#include "base/encoding.hpp"
#include "base/metrics.hpp"
#include "core/identity/limits.hpp"
#include "core/identity/password_policy.hpp"

#include <algorithm>

namespace zs::identity {
namespace {
void count_attempt(std::string_view result) {
    metrics::counter("auth_attempts_total", "Sign-ups, logins and refreshes by their result",
                     {{"result", std::string(result)}})
        .add();
}

Error invalid_credentials() {
    count_attempt("invalid_credentials");
    return unauthenticated("the e-mail address or the password is wrong", "invalid_credentials");
}

Error account_disabled() {
    count_attempt("account_disabled");
    return forbidden("the account is disabled: ask an administrator", "account_disabled");
}

Result<void> limited(Result<void> outcome) {
    if (!outcome) count_attempt("too_many_attempts");
    return outcome;
}

// A display name as it is stored: trimmed, absent when nothing is left.
Result<std::optional<std::string>> clean_name(const std::optional<std::string>& name) {
    if (!name) return std::optional<std::string>();
    const auto text = trim(*name);
    if (text.size() > kNameBytesMax || !is_utf8(text)) {
        return invalid_field("name", "'name' must be UTF-8 of at most 255 bytes");
    }
    if (text.empty()) return std::optional<std::string>();
    return std::optional<std::string>(std::string(text));
}

std::string user_object(UserId id) {
    return "user/" + id.to_string();
}
}  // namespace

// Sign-up, login and password; what concerns sessions is in account_sessions.cpp.

struct AccountService::Passed {
    User user;
    std::optional<std::string> new_hash;  // the stored one has old parameters
};

AccountService::AccountService(AccountPorts ports, AccessCache& cache, AuditLog& audit,
                               const IdentityConfig& config)
    : ports_(ports),
      cache_(cache),
      audit_(audit),
      config_(config),
      login_account_limit_(config.attempts.login_per_account, ports.clock),
      login_ip_limit_(config.attempts.login_per_ip, ports.clock),
      signup_limit_(config.attempts.signup_per_ip, ports.clock),
      refresh_limit_(config.attempts.refresh_per_ip, ports.clock) {}

async::Task<Result<SignupReply>> AccountService::signup(SignupRequest request, Client client) {
    auto added = co_await add_account(std::move(request), std::move(client));
    if (!added) co_return added.error();
    SignupReply reply;
    reply.user_id = added->id;
    reply.org_id = added->org_id;
    reply.status = added->status;
    reply.roles = added->roles;
    co_return reply;
}

async::Task<Result<TokenBundle>> AccountService::signup_and_login(SignupRequest request,
                                                                  Client client) {
    auto added = co_await add_account(std::move(request), client);
    if (!added) co_return added.error();
    if (!may_sign_in(*added)) co_return account_disabled();
    auto opened = co_await open_session(std::move(*added), std::string(kDefaultEnvironment),
                                        std::move(client), std::nullopt);
    count_attempt(opened ? "ok" : opened.error().reason_text());
    co_return opened;
}

async::Task<Result<User>> AccountService::add_account(SignupRequest request, Client client) {
    auto allowed = limited(signup_limit_.attempt(network_of(client.ip)));
    if (!allowed) co_return allowed.error();
    auto email = normalize_email(request.email);
    if (!email) co_return email.error();
    auto name = clean_name(request.name);
    if (!name) co_return name.error();
    auto password = checked_password(ports_.normalizer, request.password, *email);
    if (!password) co_return password.error();
    auto hash = co_await ports_.hasher.hash(std::move(*password));
    if (!hash) co_return hash.error();

    NewUser user;
    user.id = UserId::next(ports_.clock);
    user.org_id = config_.default_org;
    user.email = std::move(*email);
    user.name = std::move(*name);
    user.password_hash = std::move(*hash);
    user.roles.push_back(config_.default_role);
    user.created_at = ports_.clock.now();
    auto audit = audit_anonymous(client, user.org_id, "signup", user_object(user.id));
    audit.actor_kind = "user";
    audit.actor_id = user.id.to_string();
    auto added = co_await ports_.users.sign_up(std::move(user), config_.signup, std::move(audit));
    if (!added) {
        count_attempt(added.error().reason_text());
        co_return added.error();
    }
    count_attempt("signup");
    co_return added;
}

async::Task<Result<TokenBundle>> AccountService::login(LoginRequest request, Client client) {
    const std::string slug = request.environment.value_or(std::string(kDefaultEnvironment));
    if (std::find(std::begin(kEnvironmentSlugs), std::end(kEnvironmentSlugs), slug)
        == std::end(kEnvironmentSlugs)) {
        co_return find_environment({}, slug).error();
    }
    auto passed = co_await check_login(std::move(request), client);
    if (!passed) co_return passed.error();
    auto opened = co_await open_session(std::move(passed->user), slug, std::move(client),
                                        std::move(passed->new_hash));
    count_attempt(opened ? "ok" : opened.error().reason_text());
    co_return opened;
}

async::Task<Result<AccountService::Passed>> AccountService::check_login(LoginRequest request,
                                                                        Client client) {
    auto by_ip = limited(login_ip_limit_.attempt(network_of(client.ip)));
    if (!by_ip) co_return by_ip.error();
    // An address that cannot exist goes the same way as one that does not.
    const auto address = normalize_email(request.email);
    const std::string email = address ? *address : std::string();
    auto by_account = limited(login_account_limit_.attempt(email));
    if (!by_account) co_return by_account.error();

    auto found = std::optional<User>();
    if (!email.empty()) {
        auto read = co_await ports_.users.find_by_email(email);
        if (!read) co_return read.error();
        found = std::move(*read);
    }
    // Text that no password can be is checked all the same: the time must not tell.
    auto password = ports_.normalizer.nfkc(request.password.reveal().substr(0, kPasswordBytesMax));
    const std::string stored = found ? found->password_hash : ports_.hasher.dummy_hash();
    Secret presented(password ? std::move(*password) : std::string("?"));
    auto verdict = co_await ports_.hasher.verify(stored, presented);
    if (!verdict) {
        count_attempt(verdict.error().reason_text());
        co_return verdict.error();
    }
    const bool readable = request.password.reveal().size() <= kPasswordBytesMax;
    if (!found || !readable || *verdict == PasswordVerdict::Mismatch) {
        auto audit = audit_anonymous(client, found ? found->org_id : config_.default_org, "login",
                                     found ? user_object(found->id) : "email/" + email);
        audit.result = "invalid_credentials";
        co_await audit_.append(std::move(audit));
        co_return invalid_credentials();
    }
    if (!may_sign_in(*found)) {
        auto audit = audit_anonymous(client, found->org_id, "login", user_object(found->id));
        audit.result = "account_disabled";
        co_await audit_.append(std::move(audit));
        co_return account_disabled();
    }
    login_account_limit_.forgive(email);
    Passed passed;
    passed.user = std::move(*found);
    if (*verdict == PasswordVerdict::MatchNeedsRehash) {
        auto hash = co_await ports_.hasher.hash(std::move(presented));
        if (hash) passed.new_hash = std::move(*hash);  // else the next login does it
    }
    co_return passed;
}

async::Task<Result<void>> AccountService::change_password(PrincipalPtr caller,
                                                          ChangePasswordRequest request,
                                                          Client client) {
    if (caller->token_kind == TokenKind::Dev) {
        co_return forbidden("a dev token has no account: log in with an e-mail address");
    }
    if (auto person = check_signed_in(*caller); !person) co_return person.error();
    auto allowed = limited(login_account_limit_.attempt(caller->email));
    if (!allowed) co_return allowed.error();
    auto user = co_await ports_.users.find(caller->tenant.org_id, caller->user_id);
    if (!user) co_return user.error();
    auto current = ports_.normalizer.nfkc(request.current_password.reveal());
    if (!current || current->size() > kPasswordBytesMax) co_return invalid_credentials();
    Secret presented(std::move(*current));
    auto verdict = co_await ports_.hasher.verify(user->password_hash, std::move(presented));
    if (!verdict) co_return verdict.error();
    auto audit = audit_by(*caller, client, "password.change", user_object(user->id));
    if (*verdict == PasswordVerdict::Mismatch) {
        audit.result = "invalid_credentials";
        co_await audit_.append(std::move(audit));
        co_return invalid_credentials();
    }
    login_account_limit_.forgive(caller->email);
    auto password = checked_password(ports_.normalizer, request.new_password, user->email);
    if (!password) {
        Error error = password.error();
        co_return std::move(error).with("field", json_text("new_password"));
    }
    auto hash = co_await ports_.hasher.hash(std::move(*password));
    if (!hash) co_return hash.error();

    PasswordChange change;
    change.org_id = user->org_id;
    change.user_id = user->id;
    change.hash = std::move(*hash);
    change.expected_hash = user->password_hash;
    if (caller->token_kind == TokenKind::Access) change.keep = SessionId(caller->token_id);
    auto changed = co_await ports_.users.set_password(std::move(change), std::move(audit));
    if (!changed) co_return changed.error();
    cache_.sessions_ended(changed->ended);
    co_return Result<void>();
}

}  // namespace zs::identity
