#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "core/identity/password_hasher.hpp"

#include <string>
#include <string_view>

namespace zs::identity {

// Trimmed and lower-cased. Errors: InvalidArgument "invalid_email".
Result<std::string> normalize_email(std::string_view text);

// `password` is normalised already. Errors: InvalidArgument "weak_password" saying which rule.
Result<void> check_password(std::string_view password, std::string_view email);

// `password` normalised and checked; what is hashed. Errors: as check_password.
Result<Secret> checked_password(const TextNormalizer& normalizer, const Secret& password,
                                std::string_view email);

// Whether the built-in list has it, in any case.
bool is_common_password(std::string_view password);

}  // namespace zs::identity
