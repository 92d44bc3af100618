#include "adapters/ws/handshake.hpp"

#include "base/encoding.hpp"

#include <openssl/sha.h>

#include <algorithm>

namespace zs::ws {
namespace {

constexpr std::string_view kVersion = "13";
constexpr std::string_view kKeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeyBytes = 16;

Error upgrade_required(std::string message) {
    return invalid_argument(std::move(message), "upgrade_required");
}

bool has_entry(std::string_view list, std::string_view wanted) {
    const auto entries = list_entries(list);
    return std::any_of(entries.begin(), entries.end(),
                       [&](std::string_view entry) { return equals_ignoring_case(entry, wanted); });
}

struct Origin {
    std::string_view scheme;
    std::string_view host;  // with the port
};

bool split_origin(std::string_view text, Origin& origin) {
    const auto colon = text.find("://");
    if (colon == std::string_view::npos) return false;
    origin.scheme = text.substr(0, colon);
    origin.host = text.substr(colon + 3);
    return origin.host.find('/') == std::string_view::npos && !origin.host.empty();
}

std::string_view without_port(std::string_view host) {
    const auto colon = host.rfind(':');
    const auto bracket = host.rfind(']');
    const bool has_port =
        colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
    return has_port ? host.substr(0, colon) : host;
}

// "example.org:443" of https is "example.org".
std::string_view without_default_port(std::string_view host, std::string_view scheme) {
    const std::string_view port = equals_ignoring_case(scheme, "https") ? ":443" : ":80";
    return host.ends_with(port) ? host.substr(0, host.size() - port.size()) : host;
}

bool is_loopback(std::string_view host) {
    return equals_ignoring_case(host, "localhost") || host == "[::1]" || host == "127.0.0.1";
}

}  // namespace

std::vector<std::string_view> list_entries(std::string_view value) {
    std::vector<std::string_view> entries;
    while (!value.empty()) {
        const auto comma = std::min(value.find(','), value.size());
        const auto entry = trim(value.substr(0, comma));
        if (!entry.empty()) entries.push_back(entry);
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
    return entries;
}

Result<std::string> answer_handshake(const HandshakeRequest& request) {
    if (!has_entry(request.upgrade, "websocket") || !has_entry(request.connection, "upgrade"))
        return upgrade_required("this address speaks WebSocket: send Upgrade: websocket");
    if (trim(request.version) != kVersion)
        return upgrade_required("Sec-WebSocket-Version must be 13");
    const auto key = trim(request.key);
    const auto decoded = from_base64(key);
    if (!decoded || decoded->size() != kKeyBytes)
        return invalid_argument("Sec-WebSocket-Key must be 16 bytes in Base64");
    const std::string text = std::string(key) + std::string(kKeySuffix);
    unsigned char digest[SHA_DIGEST_LENGTH];
    ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    return to_base64({reinterpret_cast<const char*>(digest), sizeof digest});
}

std::string_view bearer_of(std::string_view protocols) {
    const auto entries = list_entries(protocols);
    for (std::size_t i = 0; i + 1 < entries.size(); ++i) {
        if (equals_ignoring_case(entries[i], "bearer")) return entries[i + 1];
    }
    return {};
}

bool allows_origin(std::string_view origin, std::string_view host,
                   const std::vector<std::string>& allowed) {
    if (origin.empty()) return true;
    if (std::find(allowed.begin(), allowed.end(), origin) != allowed.end()) return true;
    Origin parts;
    if (!split_origin(origin, parts)) return false;
    if (is_loopback(without_port(parts.host))) return true;
    return equals_ignoring_case(without_default_port(parts.host, parts.scheme),
                                without_default_port(host, parts.scheme));
}

}  // namespace zs::ws
