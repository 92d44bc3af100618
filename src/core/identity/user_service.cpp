#include "core/identity/user_service.hpp"

#include "base/encoding.hpp"
#include "core/identity/limits.hpp"
#include "core/identity/password_policy.hpp"
#include "core/identity/permission_service.hpp"

#include <algorithm>

namespace zs::identity {
namespace {
std::string user_object(UserId id) {
    return "user/" + id.to_string();
}

Result<void> check_words(std::string_view field, const std::vector<std::string>& words) {
    if (words.size() > kListEntriesMax) {
        return invalid_field(field, "'" + std::string(field) + "' has at most 100 entries");
    }
    for (const auto& word : words) {
        const bool fits = !word.empty() && word.size() <= kPrincipalIdBytesMax && is_utf8(word);
        const bool clean = word.find('\0') == word.npos && word.find('/') == word.npos
                           && word.find("..") == word.npos;
        if (fits && clean) continue;
        return invalid_field(field, "each of '" + std::string(field)
                                        + "' has 1 to 255 bytes without NUL, '/' or '..'");
    }
    return {};
}

std::vector<std::string> without_repeats(const std::vector<std::string>& words) {
    std::vector<std::string> out;
    for (const auto& word : words) {
        if (std::find(out.begin(), out.end(), word) == out.end()) out.push_back(word);
    }
    return out;
}

Result<void> clean_words(std::string_view field, std::optional<std::vector<std::string>>& words) {
    if (!words) return {};
    auto checked = check_words(field, *words);
    if (checked) words = without_repeats(*words);
    return checked;
}

// What the user `one` is that the user `other` is not.
std::vector<PrincipalKey> beyond(const User& one, const User& other) {
    const auto known = principals_of(other);
    std::vector<PrincipalKey> out;
    for (auto& key : principals_of(one)) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            out.push_back(std::move(key));
        }
    }
    return out;
}
}  // namespace

Result<UserPatch> check_patch(UserPatch patch) {
    if (patch.name && (patch.name->size() > kNameBytesMax || !is_utf8(*patch.name))) {
        return invalid_field("name", "'name' must be UTF-8 of at most 255 bytes");
    }
    if (patch.roles) {
        for (auto& role : *patch.roles)
            role = canonical_role(role);
    }
    if (auto done = clean_words("roles", patch.roles); !done) return done.error();
    if (auto done = clean_words("labels", patch.labels); !done) return done.error();
    if (auto done = clean_words("groups", patch.groups); !done) return done.error();
    return patch;
}

async::Task<Result<Page<UserView>>> UserService::list(PrincipalPtr caller, UserFilter filter,
                                                      PageRequest page) {
    auto allowed = require(*caller, Resource::Permissions, Right::Read);
    if (!allowed) co_return allowed.error();
    if (auto limit = check_limit(page); !limit) co_return limit.error();
    if (filter.email) filter.email = to_lower(trim(*filter.email));
    std::string filters = "users";
    if (filter.email) filters += "|e" + *filter.email;
    if (filter.status) filters += "|s" + std::string(to_text(*filter.status));
    std::optional<UserId> after;
    if (page.cursor) {
        const auto key = read_cursor(filters, *page.cursor);
        if (!key) co_return key.error();
        const auto id = UserId::parse(*key);
        if (!id) co_return id.error();
        after = *id;
    }
    auto users =
        co_await ports_.users.list(caller->tenant.org_id, std::move(filter), after, page.limit + 1);
    if (!users) co_return users.error();
    auto cut = make_page(std::move(*users), page, filters,
                         [](const User& user) { return user.id.to_string(); });
    Page<UserView> out;
    out.next_cursor = std::move(cut.next_cursor);
    for (const auto& user : cut.items)
        out.items.push_back(view_of(user));
    co_return out;
}

async::Task<Result<UserView>> UserService::find(PrincipalPtr caller, UserId id) {
    auto allowed = require(*caller, Resource::Permissions, Right::Read);
    if (!allowed) co_return allowed.error();
    auto user = co_await ports_.users.find(caller->tenant.org_id, id);
    if (!user) co_return user.error();
    co_return view_of(*user);
}

// Who gains a role gains its rights; who is switched on again gains everything. Taking away needs
// the same, or else an operator could send the administrators away.
async::Task<Result<void>> UserService::check_update(PrincipalPtr caller, User user,
                                                    UserPatch patch) {
    const User after = apply(std::move(patch), user);
    const bool awakened = user.status == UserStatus::Disabled && after.status == UserStatus::Active;
    const bool sent_away =
        user.status == UserStatus::Active && after.status == UserStatus::Disabled;
    auto gained = awakened ? principals_of(after) : beyond(after, user);
    auto lost = sent_away ? principals_of(user) : beyond(user, after);
    // Everybody may give up their own.
    if (user.id == caller->user_id && !caller->narrowed) lost.clear();
    auto grant = co_await check_holds(caller, user.org_id, std::move(gained));
    if (!grant) co_return grant.error();
    co_return co_await check_holds(std::move(caller), user.org_id, std::move(lost));
}

async::Task<Result<void>> UserService::check_holds(PrincipalPtr caller, std::string org_id,
                                                   std::vector<PrincipalKey> principals) {
    if (principals.empty()) co_return Result<void>();
    auto records = co_await ports_.permissions.of_principals(std::move(org_id), principals);
    if (!records) co_return records.error();
    co_return check_grant(*caller, resolve_rights(principals, *records));
}

async::Task<Result<UserView>> UserService::update(PrincipalPtr caller, UserId id, UserPatch patch,
                                                  Client client) {
    auto allowed = require(*caller, Resource::Permissions, Right::Update);
    if (!allowed) co_return allowed.error();
    auto clean = check_patch(std::move(patch));
    if (!clean) co_return clean.error();
    auto user = co_await ports_.users.find(caller->tenant.org_id, id);
    if (!user) co_return user.error();
    auto grant = co_await check_update(caller, *user, *clean);
    if (!grant) co_return grant.error();
    clean->seen = user->updated_at;
    auto audit = audit_by(*caller, client, "user.update", user_object(id));
    if (clean->status) audit.details["status"] = json_text(to_text(*clean->status));
    if (clean->roles) {
        boost::json::array roles;
        for (const auto& role : *clean->roles)
            roles.push_back(json_text(role));
        audit.details["roles"] = std::move(roles);
    }
    auto changed = co_await ports_.users.update(caller->tenant.org_id, id, std::move(*clean),
                                                std::move(audit));
    if (!changed) co_return changed.error();
    cache_.rights_changed();
    cache_.sessions_ended(changed->ended);
    co_return view_of(changed->user);
}

async::Task<Result<std::string>> UserService::hash_checked(Secret password, std::string email) {
    auto checked = checked_password(ports_.normalizer, password, email);
    if (!checked) co_return checked.error();
    co_return co_await ports_.hasher.hash(std::move(*checked));
}

async::Task<Result<UserView>> UserService::create_by_operator(OperatorUser user) {
    auto email = normalize_email(user.email);
    if (!email) co_return email.error();
    UserPatch patch;
    patch.name = user.name;
    patch.roles =
        user.roles.empty() ? std::vector<std::string>(1, config_.default_role) : user.roles;
    auto clean = check_patch(std::move(patch));
    if (!clean) co_return clean.error();
    auto hash = co_await hash_checked(std::move(user.password), *email);
    if (!hash) co_return hash.error();
    NewUser account;
    account.id = UserId::next(ports_.clock);
    account.org_id = user.org_id.value_or(config_.default_org);
    account.email = std::move(*email);
    account.name = std::move(clean->name);
    account.password_hash = std::move(*hash);
    account.roles = std::move(*clean->roles);
    account.created_at = ports_.clock.now();
    Client nowhere;
    auto audit = audit_anonymous(nowhere, account.org_id, "user.create", user_object(account.id));
    audit.actor_kind = "operator";
    auto done = co_await ports_.users.add(std::move(account), std::move(audit));
    if (!done) co_return done.error();
    co_return view_of(*done);
}

async::Task<Result<void>> UserService::set_password_by_operator(std::string email,
                                                                Secret password) {
    auto address = normalize_email(email);
    if (!address) co_return address.error();
    auto user = co_await ports_.users.find_by_email(*address);
    if (!user) co_return user.error();
    if (!user->has_value()) co_return not_found("there is no user " + *address);
    auto hash = co_await hash_checked(std::move(password), *address);
    if (!hash) co_return hash.error();
    PasswordChange change;
    change.org_id = (*user)->org_id;
    change.user_id = (*user)->id;
    change.hash = std::move(*hash);
    Client nowhere;
    auto audit =
        audit_anonymous(nowhere, change.org_id, "password.set", user_object(change.user_id));
    audit.actor_kind = "operator";
    auto changed = co_await ports_.users.set_password(std::move(change), std::move(audit));
    if (!changed) co_return changed.error();
    cache_.sessions_ended(changed->ended);
    co_return Result<void>();
}

}  // namespace zs::identity
