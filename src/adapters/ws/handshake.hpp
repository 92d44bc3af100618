#pragma once

#include "base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace zs::ws {

// What a client asks for when it wants to speak WebSocket; values as sent, empty when absent.
struct HandshakeRequest {
    std::string_view connection;
    std::string_view upgrade;
    std::string_view version;
    std::string_view key;
};

// The value of Sec-WebSocket-Accept. Errors: "upgrade_required" for no handshake, or another
// version than 13; InvalidArgument for a bad key. Source: RFC 6455 section 4.2.
Result<std::string> answer_handshake(const HandshakeRequest& request);

// The entries of a header that is a list: "a, b".
std::vector<std::string_view> list_entries(std::string_view value);

// The credential in Sec-WebSocket-Protocol: what follows "bearer" in the list; empty: none.
std::string_view bearer_of(std::string_view protocols);

// Whether a page of this origin may connect: the server's own host, a loopback host, or one of
// `allowed`. No origin, no page. Source: http-api.md section 9.1.
bool allows_origin(std::string_view origin, std::string_view host,
                   const std::vector<std::string>& allowed);

}  // namespace zs::ws
