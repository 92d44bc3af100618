#pragma once

#include "adapters/relational/message_channel.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"

#include <memory>
#include <string>

namespace zs::relational::postgres {

struct ChannelOptions {
    Secret url;
    std::string name;
    Seconds connect_timeout{30};
};

// LISTEN and NOTIFY on a connection and a thread of its own, so that no transaction that does work
// waits at the lock that orders notifications. Threading: as MessageChannel.
class Channel final : public MessageChannel {
public:
    explicit Channel(ChannelOptions options);
    ~Channel() override;
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    void send(std::string message) override;
    void on_message(Listener listener) override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace zs::relational::postgres
