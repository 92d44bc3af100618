#include "server/key_values.hpp"

#include <algorithm>

namespace zs::server {
namespace {

std::string check_name(const KeyValue& value) {
    const auto& text = as_text(value);
    const bool good = !text.empty() && text.size() <= 63
                      && std::all_of(text.begin(), text.end(),
                                     [](char c) {
                                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                                                || (c >= '0' && c <= '9') || c == '_' || c == '-'
                                                || c == '.';
                                     })
                      && text.front() != '.';
    return good ? "" : "1 to 63 letters, digits, '_', '-' or '.'";
}

std::string check_signing_secret(const KeyValue& value) {
    return as_text(value).size() < 32 ? "at least 32 bytes" : "";
}

std::string check_not_empty(const KeyValue& value) {
    return as_text(value).empty() ? "text that is not empty" : "";
}

ConfigKey signing_secret(std::string_view name, std::string_view env, std::string_view fallback,
                         std::string_view help, void (*apply)(Config&, const KeyValue&)) {
    return {.name = name,
            .type = KeyType::Secret,
            .fallback = fallback,
            .help = help,
            .apply = apply,
            .env = {env},
            .check = check_signing_secret};
}

std::vector<ConfigKey> account_keys() {
    return {
        {.name = "auth.default_org",
         .type = KeyType::Text,
         .fallback = "default",
         .help = "Organisation of sign-ups.",
         .apply = [](Config& c, const KeyValue& v) { c.auth.default_org = as_text(v); },
         .env = {"ZDEFAULT_ORG_ID"},
         .check = check_name},
        {.name = "auth.signup",
         .type = KeyType::Choice,
         .fallback = "open",
         .help = "closed refuses sign-ups; the first one is always possible.",
         .apply =
             [](Config& c, const KeyValue& v) {
                 c.auth.signup = as_text(v) == "closed" ? Signup::Closed : Signup::Open;
             },
         .env = {"ZAUTH_SIGNUP"},
         .choices = "open|closed"},
        {.name = "auth.default_role",
         .type = KeyType::Text,
         .fallback = "reader",
         .help = "Role of every account but the first, which is admin.",
         .apply = [](Config& c, const KeyValue& v) { c.auth.default_role = as_text(v); },
         .env = {"ZAUTH_DEFAULT_ROLE"},
         .check = check_name},
    };
}

std::vector<ConfigKey> secret_keys() {
    return {
        signing_secret("auth.jwt_secret", "ZJWT_SECRET", "(generated)",
                       "Signs access tokens. Generated ones are kept in the data directory.",
                       [](Config& c, const KeyValue& v) { c.auth.jwt_secret = as_secret(v); }),
        signing_secret(
            "auth.jwt_refresh_secret", "ZJWT_REFRESH_SECRET", "(generated)",
            "Signs refresh tokens; differs from auth.jwt_secret.",
            [](Config& c, const KeyValue& v) { c.auth.jwt_refresh_secret = as_secret(v); }),
        signing_secret(
            "auth.jwt_secret_previous", "ZJWT_SECRET_PREVIOUS", "(unset)",
            "Verifies only, so that a secret can be replaced without a mass logout.",
            [](Config& c, const KeyValue& v) { c.auth.jwt_secret_previous = as_secret(v); }),
        {.name = "",
         .type = KeyType::Text,
         .fallback = "(auth.default_org)",
         .help = "Organisation of the --dev token. Only with --dev.",
         .apply = [](Config& c, const KeyValue& v) { c.auth.dev_org = as_text(v); },
         .env = {"ZAUTH_DEV_ORG_ID"},
         .check = check_name},
        signing_secret("", "ZAUTH_DEV_SECRET", "(generated)",
                       "Signs the --dev token. Only with --dev.",
                       [](Config& c, const KeyValue& v) { c.auth.dev_secret = as_secret(v); }),
    };
}

std::vector<ConfigKey> token_keys() {
    return {
        {.name = "auth.jwt_expiration_secs",
         .type = KeyType::Integer,
         .fallback = "900",
         .help = "Life of an access token.",
         .apply = [](Config& c, const KeyValue& v) { c.auth.access_ttl = as_seconds(v); },
         .env = {"ZJWT_ACCESS_TTL_SECS"},
         .aliases = {"auth.access_token_expiration_secs"},
         .unit = Unit::Seconds,
         .min = 1,
         .max = 86'400},
        {.name = "auth.refresh_token_expiration_secs",
         .type = KeyType::Integer,
         .fallback = "604800",
         .help = "Life of a refresh token, and how long a session may be idle.",
         .apply = [](Config& c, const KeyValue& v) { c.auth.refresh_ttl = as_seconds(v); },
         .env = {"ZJWT_REFRESH_TTL_SECS"},
         .aliases = {"auth.jwt_refresh_expiration_secs"},
         .unit = Unit::Seconds,
         .min = 1,
         .max = kKeySecondsMax},
        {.name = "auth.session_max_secs",
         .type = KeyType::Integer,
         .fallback = "7776000",
         .help = "A session ends after this time however busy it is.",
         .apply = [](Config& c, const KeyValue& v) { c.auth.session_ttl_max = as_seconds(v); },
         .env = {"ZAUTH_SESSION_MAX_SECS"},
         .unit = Unit::Seconds,
         .min = 1,
         .max = kKeySecondsMax},
        {.name = "auth.issuer",
         .type = KeyType::Text,
         .fallback = "zserver",
         .help = "`iss` of every token.",
         .apply = [](Config& c, const KeyValue& v) { c.auth.issuer = as_text(v); },
         .env = {"ZJWT_ISSUER"},
         .aliases = {"auth.jwt_issuer"},
         .check = check_not_empty},
        {.name = "auth.audience",
         .type = KeyType::Text,
         .fallback = "zserver",
         .help = "`aud` of every token.",
         .apply = [](Config& c, const KeyValue& v) { c.auth.audience = as_text(v); },
         .env = {"ZJWT_AUDIENCE"},
         .aliases = {"auth.jwt_audience"},
         .check = check_not_empty},
    };
}

ConfigKey budget(std::string_view name, std::string_view env, std::string_view fallback,
                 std::string_view help, void (*apply)(Config&, const KeyValue&)) {
    return {.name = name,
            .type = KeyType::Integer,
            .fallback = fallback,
            .help = help,
            .apply = apply,
            .env = {env},
            .max = 1'000'000};
}

std::vector<ConfigKey> budget_keys() {
    return {
        budget("auth.login_per_account", "ZAUTH_LOGIN_PER_ACCOUNT", "5",
               "Logins per account and minute before answers are delayed; 0 is off.",
               [](Config& c, const KeyValue& v) {
                   c.auth.login_per_account = static_cast<int>(as_integer(v));
               }),
        budget("auth.login_per_ip", "ZAUTH_LOGIN_PER_IP", "20",
               "Logins per address and minute; 0 is off.",
               [](Config& c, const KeyValue& v) {
                   c.auth.login_per_ip = static_cast<int>(as_integer(v));
               }),
        budget("auth.signup_per_ip", "ZAUTH_SIGNUP_PER_IP", "10",
               "Sign-ups per address and hour; 0 is off.",
               [](Config& c, const KeyValue& v) {
                   c.auth.signup_per_ip = static_cast<int>(as_integer(v));
               }),
        budget("auth.refresh_per_ip", "ZAUTH_REFRESH_PER_IP", "150",
               "Token refreshes per address and 5 minutes; 0 is off.",
               [](Config& c, const KeyValue& v) {
                   c.auth.refresh_per_ip = static_cast<int>(as_integer(v));
               }),
    };
}

std::vector<ConfigKey> hashing_keys() {
    return {
        {.name = "auth.argon2_memory_kib",
         .type = KeyType::Integer,
         .fallback = "19456",
         .help = "Memory of one password hash, in KiB.",
         .apply = [](Config& c, const KeyValue& v) { c.auth.argon2_memory_kib = as_u32(v); },
         .env = {"ZAUTH_ARGON2_MEMORY_KIB"},
         .min = 8192,
         .max = 4'194'304},
        {.name = "auth.argon2_passes",
         .type = KeyType::Integer,
         .fallback = "2",
         .help = "Passes of one password hash.",
         .apply = [](Config& c, const KeyValue& v) { c.auth.argon2_passes = as_u32(v); },
         .env = {"ZAUTH_ARGON2_PASSES"},
         .min = 1,
         .max = 64},
        {.name = "auth.hash_threads",
         .type = KeyType::Integer,
         .fallback = "(number of cores)",
         .help = "Password hashes that run at once.",
         .apply = [](Config& c, const KeyValue& v) { c.auth.hash_threads = as_size(v); },
         .env = {"ZAUTH_HASH_THREADS"},
         .min = 1,
         .max = kKeyThreadsMax},
        {.name = "auth.hash_queue",
         .type = KeyType::Integer,
         .fallback = "64",
         .help = "Password hashes that may wait; beyond it the answer is 503.",
         .apply = [](Config& c, const KeyValue& v) { c.auth.hash_queue_max = as_size(v); },
         .env = {"ZAUTH_HASH_QUEUE"},
         .min = 1,
         .max = 65'536},
    };
}

}  // namespace

std::vector<ConfigKey> auth_keys() {
    std::vector<ConfigKey> keys;
    for (auto* part : {account_keys, secret_keys, token_keys, budget_keys, hashing_keys}) {
        for (auto& key : part())
            keys.push_back(std::move(key));
    }
    return keys;
}

}  // namespace zs::server
