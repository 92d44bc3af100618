#pragma once

#include "adapters/relational/open_database.hpp"

#include <functional>
#include <memory>
#include <string>

namespace zs::relational {

// Short messages between the processes on one database. They may be lost: a hint, never a fact.
// Threading:  any; nothing waits but the destructor. The listener is called on a thread of the
//             channel.
// Durability: none.
class MessageChannel {
public:
    virtual ~MessageChannel() = default;
    // To everybody who listens but this channel; at most 7,999 bytes without NUL. Of messages that
    // wait to be sent the oldest are dropped when there are too many.
    virtual void send(std::string message) = 0;
    // A message, or nothing: the connection or the listener is new, and what came before is missed.
    using Listener = std::function<void(const std::string* message)>;
    // Replaces the listener; when this has answered, no call of the former is under way.
    virtual void on_message(Listener listener) = 0;
};

// `name`: letters, digits and _. Connects by itself, and again when the connection is lost. nullptr
// when the database belongs to one process (SQLite).
std::unique_ptr<MessageChannel> open_channel(const DatabaseConfig& config, std::string name);

}  // namespace zs::relational
