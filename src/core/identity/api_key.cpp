#include "core/identity/api_key.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"

#include <algorithm>

namespace zs::identity {
namespace {
constexpr std::string_view kPrefix = "zs_";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSecretCharacters = 43;
constexpr std::size_t kChecksumCharacters = 6;  // 4 bytes in base62
constexpr std::size_t kKeyCharacters = kPrefix.size() + kSecretCharacters + kChecksumCharacters;

std::string checksum_of(std::string_view secret) {
    return to_base62(sha256(secret).substr(0, 4), kChecksumCharacters);
}

bool is_base62(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// The words of workflows.md 5.4, singular.
bool add_workflow_scope(std::string_view object, std::string_view verb, Rights& rights) {
    const auto add = [&rights](Resource resource, Right right) {
        rights.set(resource, rights.on(resource) | RightSet{right});
        return true;
    };
    if (object == "workflow" || object == "workflows") {
        if (verb == "execute") {
            return add(Resource::Workflows, Right::Read) && add(Resource::Jobs, Right::Create);
        }
        const auto right = parse_text(std::type_identity<Right>{}, verb);
        return right && add(Resource::Workflows, *right);
    }
    if (object == "execution" || object == "executions") {
        if (verb == "read") return add(Resource::Workflows, Right::Read);
        if (verb == "cancel") return add(Resource::Workflows, Right::Update);
    }
    return false;
}

bool add_resource_scope(std::string_view object, std::string_view verb, Rights& rights) {
    const auto resource = parse_text(std::type_identity<Resource>{}, object);
    const auto right = parse_text(std::type_identity<Right>{}, verb);
    if (!resource || !right) return false;
    rights.set(*resource, rights.on(*resource) | RightSet{*right});
    return true;
}

bool add_scope(std::string_view scope, Rights& rights) {
    const auto colon = scope.find(':');
    if (colon != std::string_view::npos) {
        return add_resource_scope(scope.substr(0, colon), scope.substr(colon + 1), rights);
    }
    const auto dot = scope.find('.');
    return dot != std::string_view::npos
           && add_workflow_scope(scope.substr(0, dot), scope.substr(dot + 1), rights);
}
}  // namespace

ApiKeyView view_of(const ApiKey& key) {
    ApiKeyView view;
    view.id = key.id;
    view.name = key.name;
    view.description = key.description;
    view.key_prefix = key.key_prefix;
    view.env_slug = key.env_slug;
    view.scopes = key.scopes;
    view.ip_allow = key.ip_allow;
    view.created_at = key.created_at;
    view.last_used_at = key.last_used_at;
    view.expires_at = key.expires_at;
    view.revoked_at = key.revoked_at;
    return view;
}

std::string make_api_key() {
    const std::string secret = to_base62(random_bytes(kSecretBytes), kSecretCharacters);
    return std::string(kPrefix) + secret + checksum_of(secret);
}

bool is_api_key(std::string_view text) noexcept {
    return text.starts_with(kPrefix);
}

bool is_well_formed_api_key(std::string_view text) {
    if (!is_api_key(text) || text.size() != kKeyCharacters) return false;
    const auto secret = text.substr(kPrefix.size(), kSecretCharacters);
    if (!std::all_of(secret.begin(), secret.end(), is_base62)) return false;
    return text.substr(kPrefix.size() + kSecretCharacters) == checksum_of(secret);
}

std::string api_key_hash(std::string_view key) {
    return to_hex(sha256(key));
}

Result<Rights> rights_of_scopes(const std::vector<std::string>& scopes) {
    if (scopes.empty()) return Rights::everything();
    Rights rights;
    for (const auto& scope : scopes) {
        if (add_scope(scope, rights)) continue;
        return invalid_field("scopes", "'" + scope.substr(0, 60) +
                                           "' is not a scope: write resource:right, as in "
                                           "tables:read, or workflow.execute");
    }
    return rights;
}

Rights narrow(const Rights& rights, const Rights& cut) {
    Rights out;
    for (std::size_t i = 0; i < kResourceCount; ++i) {
        const auto resource = static_cast<Resource>(i);
        out.set(resource, rights.on(resource) & cut.on(resource));
    }
    for (const auto& [table, allowed] : rights.tables()) {
        out.set_table(table, allowed & cut.on_table(table));
    }
    return out;
}

}  // namespace zs::identity
