#pragma once

#include "base/clock.hpp"
#include "core/identity/principal.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::identity {

struct ApiKey {
    ApiKeyId id;
    std::string org_id;
    UserId user_id;
    EnvironmentId environment_id;
    std::string env_slug;
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::string key_hash;    // SHA-256 of the key, hex
    std::string key_prefix;  // its first characters, for people to tell keys apart
    std::vector<std::string> scopes;
    std::vector<std::string> ip_allow;
    Timestamp created_at;
    std::optional<Timestamp> last_used_at;
    std::optional<Timestamp> expires_at;
    std::optional<Timestamp> revoked_at;
    // After a rotation the old key lives on until then.
    std::optional<std::string> previous_key_hash;
    std::optional<Timestamp> previous_expires_at;
};

struct ApiKeyView {
    ApiKeyId id;
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::string key_prefix;
    std::string env_slug;
    std::vector<std::string> scopes;
    std::vector<std::string> ip_allow;
    Timestamp created_at;
    std::optional<Timestamp> last_used_at;
    std::optional<Timestamp> expires_at;
    std::optional<Timestamp> revoked_at;
};
BOOST_DESCRIBE_STRUCT(ApiKeyView, (),
                      (id, name, description, key_prefix, env_slug, scopes, ip_allow, created_at,
                       last_used_at, expires_at, revoked_at))
ApiKeyView view_of(const ApiKey& key);

// The only reply that ever holds a key.
struct NewApiKeyView : ApiKeyView {
    std::string key;
};
BOOST_DESCRIBE_STRUCT(NewApiKeyView, (ApiKeyView), (key))

struct ApiKeyRequest {
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::optional<std::vector<std::string>> scopes;
    std::optional<std::vector<std::string>> ip_allow;
    std::optional<int> expires_in_days;
};
BOOST_DESCRIBE_STRUCT(ApiKeyRequest, (), (name, description, scopes, ip_allow, expires_in_days))

struct ApiKeyPatch {
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::optional<std::vector<std::string>> scopes;
    std::optional<std::vector<std::string>> ip_allow;
};
BOOST_DESCRIBE_STRUCT(ApiKeyPatch, (), (name, description, scopes, ip_allow))

struct RotateApiKeyRequest {
    std::optional<std::int64_t> grace_secs;  // 0 when absent
};
BOOST_DESCRIBE_STRUCT(RotateApiKeyRequest, (), (grace_secs))

// "zs_" + 32 random bytes in base62 (43 characters) + a checksum (6 characters).
std::string make_api_key();
// Whether `text` looks like an API key at all: decides which kind of credential a bearer text is.
bool is_api_key(std::string_view text) noexcept;
// True when length, alphabet and checksum fit: a mistyped key never reaches the database.
bool is_well_formed_api_key(std::string_view text);
std::string api_key_hash(std::string_view key);  // hex

// The rights a key's scopes leave: "resource:right" or the workflow names of workflows.md 5.4. No
// scopes: everything. Errors: InvalidArgument naming "scopes".
Result<Rights> rights_of_scopes(const std::vector<std::string>& scopes);
// `rights` without what `cut` lacks.
Rights narrow(const Rights& rights, const Rights& cut);

}  // namespace zs::identity
