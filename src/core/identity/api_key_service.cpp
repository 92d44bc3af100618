#include "core/identity/api_key_service.hpp"

#include "base/encoding.hpp"
#include "core/identity/limits.hpp"

#include <algorithm>

namespace zs::identity {
namespace {
std::string key_object(ApiKeyId id) {
    return "api_key/" + id.to_string();
}

Error no_such_key(ApiKeyId id) {
    return not_found("there is no API key " + id.to_string());
}

Result<void> check_text(std::string_view field, const std::optional<std::string>& text,
                        std::size_t bytes_max) {
    if (!text || (text->size() <= bytes_max && is_utf8(*text))) return {};
    return invalid_field(field, "'" + std::string(field) + "' must be UTF-8 of at most "
                                    + std::to_string(bytes_max) + " bytes");
}

Result<void> check_addresses(const std::vector<std::string>& ranges) {
    if (ranges.size() > kListEntriesMax) {
        return invalid_field("ip_allow", "'ip_allow' has at most 100 entries");
    }
    for (const auto& range : ranges) {
        if (is_address_range(range)) continue;
        return invalid_field("ip_allow", "'" + range.substr(0, 60) +
                                             "' is neither an address nor a block such as "
                                             "10.0.0.0/8");
    }
    return {};
}

// The checks that creating and changing have in common.
Result<void> check_patch(const ApiKeyPatch& patch) {
    if (auto done = check_text("name", patch.name, kNameBytesMax); !done) return done;
    if (auto done = check_text("description", patch.description, kDescriptionBytesMax); !done) {
        return done;
    }
    if (patch.scopes && patch.scopes->size() > kListEntriesMax) {
        return invalid_field("scopes", "'scopes' has at most 100 entries");
    }
    if (patch.scopes) {
        if (auto rights = rights_of_scopes(*patch.scopes); !rights) return rights.error();
    }
    if (patch.ip_allow) return check_addresses(*patch.ip_allow);
    return {};
}

Result<void> check_signed_in_or_itself(const Principal& caller, ApiKeyId id) {
    if (caller.token_kind == TokenKind::ApiKey && caller.token_id == id.uuid()) return {};
    return check_signed_in(caller);
}

Result<void> check_account(const Principal& caller) {
    if (caller.token_kind != TokenKind::Dev) return {};
    return forbidden("a dev token has no account: log in with an e-mail address");
}

NewApiKeyView shown_once(const ApiKey& key, std::string text) {
    NewApiKeyView view;
    static_cast<ApiKeyView&>(view) = view_of(key);
    view.key = std::move(text);
    return view;
}
}  // namespace

async::Task<Result<std::vector<ApiKeyView>>> ApiKeyService::list(PrincipalPtr caller) {
    auto keys = co_await store_.list(caller->user_id);
    if (!keys) co_return keys.error();
    std::vector<ApiKeyView> views;
    for (const auto& key : *keys)
        views.push_back(view_of(key));
    co_return views;
}

async::Task<Result<NewApiKeyView>> ApiKeyService::create(PrincipalPtr caller, ApiKeyRequest request,
                                                         Client client) {
    if (auto account = check_account(*caller); !account) co_return account.error();
    if (auto person = check_signed_in(*caller); !person) co_return person.error();
    ApiKeyPatch fields;
    fields.name = request.name;
    fields.description = request.description;
    fields.scopes = request.scopes;
    fields.ip_allow = request.ip_allow;
    if (auto checked = check_patch(fields); !checked) co_return checked.error();
    const int days = request.expires_in_days.value_or(1);
    if (days < 1 || days > kApiKeyDaysMax) {
        co_return invalid_field("expires_in_days", "'expires_in_days' must be between 1 and 3650");
    }
    ApiKey key;
    key.id = ApiKeyId::next(clock_);
    key.org_id = caller->tenant.org_id;
    key.user_id = caller->user_id;
    key.environment_id = caller->environment_id;
    key.env_slug = caller->tenant.env_slug;
    key.name = std::move(request.name);
    key.description = std::move(request.description);
    if (request.scopes) key.scopes = std::move(*request.scopes);
    if (request.ip_allow) key.ip_allow = std::move(*request.ip_allow);
    key.created_at = clock_.now();
    if (request.expires_in_days) key.expires_at = key.created_at + std::chrono::hours(24 * days);
    std::string text = make_api_key();
    key.key_hash = api_key_hash(text);
    key.key_prefix = text.substr(0, kApiKeyPrefixLength);
    auto audit = audit_by(*caller, client, "api_key.create", key_object(key.id));
    auto added = co_await store_.add(key, kApiKeysPerUserMax, std::move(audit));
    if (!added) co_return added.error();
    co_return shown_once(key, std::move(text));
}

async::Task<Result<ApiKey>> ApiKeyService::find_allowed(PrincipalPtr caller, ApiKeyId id) {
    auto key = co_await store_.find(caller->tenant.org_id, id);
    if (!key) co_return key;
    if (key->user_id != caller->user_id && !is_admin(*caller)) {
        co_return forbidden("this API key belongs to somebody else");
    }
    co_return key;
}

async::Task<Result<ApiKeyView>> ApiKeyService::find(PrincipalPtr caller, ApiKeyId id) {
    auto key = co_await find_allowed(std::move(caller), id);
    if (!key) co_return key.error();
    if (key->revoked_at) co_return gone("the API key was revoked");
    co_return view_of(*key);
}

async::Task<Result<ApiKeyView>> ApiKeyService::update(PrincipalPtr caller, ApiKeyId id,
                                                      ApiKeyPatch patch, Client client) {
    if (auto person = check_signed_in(*caller); !person) co_return person.error();
    if (auto checked = check_patch(patch); !checked) co_return checked.error();
    auto key = co_await find_allowed(caller, id);
    if (!key) co_return key.error();
    auto audit = audit_by(*caller, client, "api_key.update", key_object(id));
    auto changed =
        co_await store_.update(caller->tenant.org_id, id, std::move(patch), std::move(audit));
    if (!changed) co_return changed.error();
    cache_.rights_changed();
    co_return view_of(*changed);
}

async::Task<Result<void>> ApiKeyService::revoke(PrincipalPtr caller, ApiKeyId id, Client client) {
    if (auto person = check_signed_in_or_itself(*caller, id); !person) co_return person.error();
    auto key = co_await find_allowed(caller, id);
    if (!key) co_return key.error();
    auto audit = audit_by(*caller, client, "api_key.revoke", key_object(id));
    auto revoked = co_await store_.revoke(caller->tenant.org_id, id, std::move(audit));
    if (!revoked) co_return revoked.error();
    cache_.rights_changed();
    co_return Result<void>();
}

async::Task<Result<NewApiKeyView>> ApiKeyService::rotate(PrincipalPtr caller, ApiKeyId id,
                                                         RotateApiKeyRequest request,
                                                         Client client) {
    if (auto person = check_signed_in_or_itself(*caller, id); !person) co_return person.error();
    const std::int64_t grace = request.grace_secs.value_or(0);
    if (grace < 0 || grace > kApiKeyGraceMax.count()) {
        co_return invalid_field("grace_secs", "'grace_secs' must be between 0 and 86400");
    }
    auto key = co_await store_.find(caller->tenant.org_id, id);
    if (!key) co_return key.error();
    if (key->user_id != caller->user_id) co_return no_such_key(id);
    std::string text = make_api_key();
    KeyRotation rotation;
    rotation.org_id = caller->tenant.org_id;
    rotation.id = id;
    rotation.new_hash = api_key_hash(text);
    rotation.new_prefix = text.substr(0, kApiKeyPrefixLength);
    rotation.now = clock_.now();
    rotation.old_expires_at = rotation.now + Seconds(grace);
    auto audit = audit_by(*caller, client, "api_key.rotate", key_object(id));
    auto rotated = co_await store_.rotate(std::move(rotation), std::move(audit));
    if (!rotated) co_return rotated.error();
    cache_.rights_changed();
    co_return shown_once(*rotated, std::move(text));
}

}  // namespace zs::identity
