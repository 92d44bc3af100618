#include "adapters/relational/message_channel.hpp"

#include "adapters/relational/postgres/channel.hpp"

namespace zs::relational {

std::unique_ptr<MessageChannel> open_channel(const DatabaseConfig& config, std::string name) {
    if (config.postgres_url.reveal().empty()) return nullptr;
    postgres::ChannelOptions options;
    options.url = config.postgres_url;
    options.name = std::move(name);
    options.connect_timeout = config.connection_timeout;
    return std::make_unique<postgres::Channel>(std::move(options));
}

}  // namespace zs::relational
