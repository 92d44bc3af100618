#pragma once

#include "base/clock.hpp"
#include "core/identity/principal.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zs::idempotency {

// Which key is meant. Both parts are SHA-256 in hex: paths and keys may be long, and need not be
// readable in the database.
struct KeyId {
    std::string owner;  // org, environment, principal
    std::string key;    // owner, method, path, the client's key
    auto operator<=>(const KeyId&) const = default;
};

// An API key is a principal of its own, beside the sessions of its user.
KeyId make_key_id(const identity::Principal& principal, std::string_view method,
                  std::string_view path, std::string_view client_key);

// The hash that tells a repetition from another request under the same key.
std::string request_hash(std::string_view query, std::string_view body);

// A reply as it can be given again.
struct KeptReply {
    unsigned status = 200;
    std::string content_type;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool operator==(const KeptReply&) const = default;
};

enum class KeyState {
    Running,  // its request has not answered yet
    Done,     // `reply` is what it answered
    Lost,     // it may have been done, but what it answered is not known
};

struct KeyEntry {
    KeyState state = KeyState::Running;
    std::string request_hash;
    Timestamp started_at;
    std::optional<KeptReply> reply;  // Done only
};

}  // namespace zs::idempotency
