#pragma once

#include "adapters/relational/message_channel.hpp"
#include "core/jobs/queue_bell.hpp"

#include <memory>
#include <string>

namespace zs::relational {

// Rings through the database's own messages, on the channel kQueueChannel. One that is new, or that
// was cut, is a ring for work: something may have been missed.
inline constexpr const char* kQueueChannel = "zs_jobs";
class ChannelQueueBell final : public jobs::QueueBell {
public:
    explicit ChannelQueueBell(std::unique_ptr<MessageChannel> channel)
        : channel_(std::move(channel)) {}

    void ring(jobs::Ring ring) override;
    void on_ring(Listener listener) override;

private:
    std::unique_ptr<MessageChannel> channel_;
};

// "w 0198c0de-… 0198c0de-…": w or -, then as many of the jobs from `first` on as a message takes.
std::string to_message(const jobs::Ring& ring, std::size_t first);
jobs::Ring parse_ring(const std::string& message);

}  // namespace zs::relational
