#include "adapters/relational/jobs/queue_bell.hpp"

#include <algorithm>

namespace zs::relational {
namespace {

// A message has at most 7,999 bytes, a job 37 of them.
constexpr std::size_t kJobsPerMessage = 200;

}  // namespace

std::string to_message(const jobs::Ring& ring, std::size_t first) {
    std::string message = ring.work ? "w" : "-";
    const auto last = std::min(ring.changed.size(), first + kJobsPerMessage);
    for (auto i = first; i < last; ++i)
        message += " " + ring.changed[i].to_string();
    return message;
}

jobs::Ring parse_ring(const std::string& message) {
    jobs::Ring ring;
    ring.work = message.starts_with('w');
    for (auto at = message.find(' '); at != std::string::npos; at = message.find(' ', at + 1)) {
        const auto end = message.find(' ', at + 1);
        const auto length = end == std::string::npos ? end : end - at - 1;
        if (auto id = jobs::JobId::parse(message.substr(at + 1, length)))
            ring.changed.push_back(*id);
    }
    return ring;
}

void ChannelQueueBell::ring(jobs::Ring ring) {
    std::size_t first = 0;
    do {
        channel_->send(to_message(ring, first));
        first += kJobsPerMessage;
    } while (first < ring.changed.size());
}

void ChannelQueueBell::on_ring(Listener listener) {
    if (!listener) {
        channel_->on_message({});
        return;
    }
    channel_->on_message([listener = std::move(listener)](const std::string* message) {
        jobs::Ring missed;
        missed.work = true;
        listener(message == nullptr ? missed : parse_ring(*message));
    });
}

}  // namespace zs::relational
