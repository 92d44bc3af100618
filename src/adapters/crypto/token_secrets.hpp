#pragma once

#include "base/error.hpp"
#include "core/identity/identity_config.hpp"

#include <filesystem>
#include <optional>

namespace zs::crypto {

// What the operator configured; the rest is generated once and kept in `keys.json` (mode 0600).
struct ConfiguredSecrets {
    std::optional<Secret> access;
    std::optional<Secret> refresh;
    std::optional<Secret> previous;
    std::optional<Secret> dev;
};

enum class DevTokens { Refused, Accepted };

// Completes the configured secrets from the file in `data_dir`, making and syncing it when
// something is missing. Blocks: for start-up.
// Errors: InvalidArgument for a short configured secret; Forbidden when others may read the file;
// DataLoss when it cannot be understood; Unavailable when it cannot be read or written.
Result<identity::TokenSecrets> load_token_secrets_blocking(const std::filesystem::path& data_dir,
                                                           const ConfiguredSecrets& configured,
                                                           DevTokens dev);

}  // namespace zs::crypto
