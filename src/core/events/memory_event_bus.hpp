#pragma once

#include "base/metrics.hpp"
#include "core/events/event_bus.hpp"
#include "core/events/limits.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace zs::events {

// The bus of one process. An event with N receivers is made once and handed over N times; one of
// publish_all() without any is made when it is read again, if ever.
class MemoryEventBus final : public EventBus {
public:
    struct Retention {
        std::size_t events_max = limits::kKeptEventsMax;
        std::size_t bytes_max = limits::kKeptBytesMax;
        std::chrono::milliseconds age_max = limits::kKeptFor;
    };

    explicit MemoryEventBus(const Clock& clock) : MemoryEventBus(clock, Retention{}) {}
    MemoryEventBus(const Clock& clock, Retention retention);
    ~MemoryEventBus() override;

    EventPtr publish(const identity::Tenant& tenant, NewEvent event) override;
    void publish_all(const identity::Tenant& tenant, std::vector<NewEvent> events) override;
    Subscription subscribe(const identity::Tenant& tenant, TopicFilter filter,
                           std::shared_ptr<EventReceiver> receiver) override;
    void unsubscribe(const identity::Tenant& tenant, SubscriptionId id) override;
    Replay read(const identity::Tenant& tenant, const ReplayRequest& request) override;
    std::uint64_t last_seq(const identity::Tenant& tenant) override;
    void set_interest_listener(std::shared_ptr<InterestListener> listener) override;

private:
    class Channel;
    std::shared_ptr<Channel> channel(const identity::Tenant& tenant);
    std::shared_ptr<InterestListener> listener();

    const Clock& clock_;
    Retention retention_;
    metrics::Counter& published_;
    std::mutex mutex_;
    std::map<identity::Tenant, std::shared_ptr<Channel>> channels_;
    std::shared_ptr<InterestListener> listener_;
};

}  // namespace zs::events
