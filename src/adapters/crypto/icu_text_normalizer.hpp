#pragma once

#include "core/identity/password_hasher.hpp"

namespace zs::crypto {

// Threading: any.
class IcuTextNormalizer final : public identity::TextNormalizer {
public:
    Result<std::string> nfkc(std::string_view text) const override;
};

}  // namespace zs::crypto
