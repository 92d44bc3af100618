#pragma once

#include "base/clock.hpp"
#include "base/secret.hpp"

#include <optional>
#include <string>

namespace zs::identity {

enum class SignupMode { Open, Closed };

// How many attempts are free per window; afterwards one more is allowed after a delay that doubles
// up to `delay_max`. A budget of 0 switches the limit off.
struct AttemptBudget {
    int budget = 0;
    Millis window{0};
    Millis delay_max{0};
};

struct AttemptBudgets {
    AttemptBudget login_per_account{5, Millis(60'000), Millis(300'000)};
    AttemptBudget login_per_ip{20, Millis(60'000), Millis(300'000)};
    AttemptBudget signup_per_ip{10, Millis(3'600'000), Millis(3'600'000)};
    AttemptBudget refresh_per_ip{150, Millis(300'000), Millis(2'000)};
};

// Signing keys. `access`, `refresh` and `dev` have at least 32 bytes and differ.
struct TokenSecrets {
    Secret access;
    Secret refresh;
    std::optional<Secret> previous;  // verifies only
    std::optional<Secret> dev;       // set with --dev only
};

// What an operator can choose about identities. Filled by the configuration; the defaults are the
// documented ones.
struct IdentityConfig {
    std::string default_org = "default";
    std::string default_role = "reader";
    SignupMode signup = SignupMode::Open;
    Seconds access_ttl{900};
    Seconds refresh_ttl{604'800};          // idle end of a session
    Seconds session_ttl_max{90 * 86'400};  // absolute end of a session
    Millis refresh_grace{10'000};
    std::string issuer = "zserver";
    std::string audience = "zserver";
    bool dev_mode = false;  // accepts dev tokens
    std::string dev_org = "default";
    Seconds dev_token_ttl{86'400};
    AttemptBudgets attempts;
};

}  // namespace zs::identity
