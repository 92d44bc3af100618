#include "adapters/crypto/jwt.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"

#include <boost/json/serialize.hpp>

namespace zs::crypto {
namespace {
constexpr std::size_t kTokenBytesMax = 8192;
constexpr JsonLimits kJsonLimits{4};

Error malformed() {
    return unauthenticated("this is not a token");
}

Result<boost::json::object> read_object(std::string_view part) {
    const auto text = from_base64url(part);
    if (!text) return malformed();
    auto value = parse_json(*text, kJsonLimits);
    if (!value || !value->is_object()) return malformed();
    return std::move(value->as_object());
}
}  // namespace

Result<Jwt> read_jwt(std::string_view token) {
    if (token.size() > kTokenBytesMax) return malformed();
    const auto first = token.find('.');
    const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
    if (second == token.npos || token.find('.', second + 1) != token.npos) return malformed();
    auto header = read_object(token.substr(0, first));
    if (!header) return header.error();
    auto payload = read_object(token.substr(first + 1, second - first - 1));
    if (!payload) return payload.error();
    auto signature = from_base64url(token.substr(second + 1));
    if (!signature) return malformed();
    Jwt jwt;
    jwt.header = std::move(*header);
    jwt.payload = std::move(*payload);
    jwt.signed_part = token.substr(0, second);
    jwt.signature = std::move(*signature);
    return jwt;
}

std::string write_jwt(const boost::json::object& header, const boost::json::object& payload,
                      std::string_view key) {
    std::string token = to_base64url(boost::json::serialize(header)) + "."
                        + to_base64url(boost::json::serialize(payload));
    const std::string signature = hmac_sha256(key, token);
    return token + "." + to_base64url(signature);
}

}  // namespace zs::crypto
