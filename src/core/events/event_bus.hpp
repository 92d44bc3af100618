#pragma once

#include "core/events/event.hpp"
#include "core/events/limits.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace zs::events {

// Hears of events while they are published, on the publisher's thread, in the order of `seq` within
// a tenant: on_event must be short, must not wait, and must not call the bus.
class EventReceiver {
public:
    virtual ~EventReceiver() = default;
    virtual void on_event(const EventPtr& event) = 0;
};

// Hears when the first subscription of a family in a tenant comes and when the last one goes, so
// that what nobody listens to need not be made. Same rules as for on_event.
class InterestListener {
public:
    virtual ~InterestListener() = default;
    virtual void on_interest(const identity::Tenant& tenant, TopicFamily family, bool any) = 0;
};

enum class SubscriptionId : std::uint64_t {};

struct Subscription {
    SubscriptionId id{};
    // The last event before it. Live events have a larger `seq`; earlier ones come from read().
    std::uint64_t seq = 0;
};

// Which events are wanted again: of any of `filters`, after < seq <= until.
struct ReplayRequest {
    std::vector<TopicFilter> filters;
    std::uint64_t after = 0;
    std::uint64_t until = 0;
    std::size_t events_max = limits::kReadMax;  // more than that are never answered
};

struct Replay {
    std::vector<EventPtr> events;  // at most limits::kReadMax; ask again after the last one
    bool more = false;
    std::uint64_t oldest_seq = 0;  // of any event that is kept; 0: none is
    // Events up to here are not kept any more.
    std::uint64_t forgotten_seq = 0;
    // False: something after `after` is no longer kept, so state has to be read again.
    bool complete = true;
};

// Events of every (organisation, environment), in one order each.
// Threading:  any.
// Durability: none. A client that comes back after a restart is told that its replay is incomplete.
class EventBus {
public:
    virtual ~EventBus() = default;
    virtual EventPtr publish(const identity::Tenant& tenant, NewEvent event) = 0;
    // One after the other, in this order.
    virtual void publish_all(const identity::Tenant& tenant, std::vector<NewEvent> events) = 0;
    virtual Subscription subscribe(const identity::Tenant& tenant, TopicFilter filter,
                                   std::shared_ptr<EventReceiver> receiver) = 0;
    // When it returns, the receiver is not called for this subscription any more.
    virtual void unsubscribe(const identity::Tenant& tenant, SubscriptionId id) = 0;
    virtual Replay read(const identity::Tenant& tenant, const ReplayRequest& request) = 0;
    // The last event; a tenant without any has a beginning, too.
    virtual std::uint64_t last_seq(const identity::Tenant& tenant) = 0;
    // One for the life of the bus.
    virtual void set_interest_listener(std::shared_ptr<InterestListener> listener) = 0;
};

}  // namespace zs::events
