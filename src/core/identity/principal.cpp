#include "core/identity/principal.hpp"

namespace zs::identity {

std::string_view to_text(TokenKind kind) noexcept {
    switch (kind) {
        case TokenKind::Access: return "access";
        case TokenKind::ApiKey: return "api_key";
        case TokenKind::Dev: return "dev";
    }
    return "access";
}

}  // namespace zs::identity
