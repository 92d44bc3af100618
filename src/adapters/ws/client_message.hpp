#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::ws {

enum class Action : std::uint8_t { Auth, Subscribe, Unsubscribe, Resume, List, Ping };

// A text message of a client. Source: http-api.md section 9.2.
struct ClientMessage {
    Action action = Action::Ping;
    boost::json::value id;  // text, number or null: echoed in the answer
    Secret token;           // Auth
    std::string topic;      // Subscribe, Unsubscribe
    std::vector<std::string> types;
    std::optional<std::uint64_t> from_seq;  // Subscribe, Resume (seq)
    std::vector<std::string> topics;        // Resume
};

// Errors: "invalid_message" for what is no object or has no known action; Unprocessable or
// InvalidArgument naming the field otherwise. `id` is set as soon as it is known.
Result<ClientMessage> parse_client_message(std::string_view text, boost::json::value& id);

}  // namespace zs::ws
