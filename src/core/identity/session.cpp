#include "core/identity/session.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"

namespace zs::identity {

RefreshVerdict judge_refresh(const RefreshToken& token, const Session& session, Timestamp now,
                             Millis grace) {
    if (session.ended_at || now >= session.expires_at_max) return RefreshVerdict::Refuse;
    // Reuse is reuse even of a token that has expired since: somebody else has it.
    if (token.spent_at) {
        return now < *token.spent_at + grace ? RefreshVerdict::RepeatSuccessor
                                             : RefreshVerdict::RevokeFamily;
    }
    if (now >= token.expires_at || now >= session.expires_at) return RefreshVerdict::Refuse;
    return RefreshVerdict::Rotate;
}

std::string successor_jti(std::string_view jti) {
    return to_hex(sha256("refresh successor of " + std::string(jti)).substr(0, 16));
}

}  // namespace zs::identity
