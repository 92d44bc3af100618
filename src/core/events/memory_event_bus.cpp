#include "core/events/memory_event_bus.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace zs::events {

// One tenant's events. Its mutex is the order: an event is numbered, kept and handed over under it.
class MemoryEventBus::Channel {
public:
    Channel(identity::Tenant tenant, const Clock& clock, const Retention& retention)
        : tenant_(std::move(tenant)), clock_(clock), retention_(retention) {
        // A process that starts later begins with a larger number: events are rarer than
        // microseconds.
        last_seq_ = forgotten_seq_ = now_in_microseconds();
    }

    EventPtr publish(NewEvent event) {
        const std::lock_guard lock(mutex_);
        const auto now = clock_.now();
        Kept kept = numbered(std::move(event), now);
        auto made = made_of(kept);
        take(std::move(kept), now);
        return made;
    }

    void publish_all(std::vector<NewEvent> events) {
        const std::lock_guard lock(mutex_);
        const auto now = clock_.now();
        for (auto& event : events)
            take(numbered(std::move(event), now), now);
    }

    Subscription subscribe(TopicFilter filter, std::shared_ptr<EventReceiver> receiver,
                           InterestListener* listener) {
        const std::lock_guard lock(mutex_);
        const SubscriptionId id{++last_id_};
        const auto family = filter.family;
        auto& interest = interest_in(family);
        interest.subscribers.push_back({id, std::move(filter), std::move(receiver)});
        if (interest.subscribers.size() == 1) begin_interest(family, listener);
        return {id, last_seq_};
    }

    void unsubscribe(SubscriptionId id, InterestListener* listener) {
        const std::lock_guard lock(mutex_);
        for (std::size_t i = 0; i < kTopicFamilyCount; ++i) {
            auto& interest = interests_[i];
            const auto gone = std::erase_if(interest.subscribers,
                                            [id](const Subscriber& each) { return each.id == id; });
            if (gone == 0) continue;
            if (!interest.subscribers.empty()) return;
            interest.ended_at = clock_.now();
            if (listener != nullptr)
                listener->on_interest(tenant_, static_cast<TopicFamily>(i), false);
            return;
        }
    }

    Replay read(const ReplayRequest& request) {
        const std::lock_guard lock(mutex_);
        forget_old(clock_.now());
        Replay replay;
        replay.oldest_seq = kept_.empty() ? 0 : kept_.front().seq;
        replay.forgotten_seq = forgotten_seq_;
        replay.complete = is_complete(request);
        const auto events_max = std::min(request.events_max, limits::kReadMax);
        const auto first =
            std::upper_bound(kept_.begin(), kept_.end(), request.after,
                             [](std::uint64_t seq, const Kept& kept) { return seq < kept.seq; });
        for (auto at = first; at != kept_.end() && at->seq <= request.until; ++at) {
            const bool wanted =
                std::any_of(request.filters.begin(), request.filters.end(),
                            [&](const TopicFilter& each) { return is_wanted(*at, each); });
            if (!wanted) continue;
            if (replay.events.size() == events_max) {
                replay.more = true;
                break;
            }
            replay.events.push_back(made_of(*at));
        }
        return replay;
    }

    std::uint64_t last_seq() {
        const std::lock_guard lock(mutex_);
        return last_seq_;
    }

private:
    struct Subscriber {
        SubscriptionId id;
        TopicFilter filter;
        std::shared_ptr<EventReceiver> receiver;
    };

    // One of the many that nobody listens to stays as it came until somebody wants it.
    struct Kept {
        std::uint64_t seq = 0;
        Timestamp at;
        NewEvent event;  // until it is made
        EventPtr made;
        std::size_t bytes = 0;  // of its frame, as they were counted
    };

    Kept numbered(NewEvent event, Timestamp now) {
        last_seq_ = std::max(last_seq_ + 1, to_microseconds(now));
        return {last_seq_, now, std::move(event), nullptr};
    }

    const EventPtr& made_of(Kept& kept) const {
        if (!kept.made) kept.made = make_event(tenant_, std::move(kept.event), kept.seq, kept.at);
        return kept.made;
    }

    static bool is_wanted(const Kept& kept, const TopicFilter& filter) {
        return kept.made ? filter.matches(kept.made->topic, kept.made->type)
                         : filter.matches(kept.event.topic, kept.event.type);
    }

    void take(Kept kept, Timestamp now) {
        const auto family = kept.made ? kept.made->topic.family : kept.event.topic.family;
        for (const auto& each : interest_in(family).subscribers) {
            if (is_wanted(kept, each.filter)) each.receiver->on_event(made_of(kept));
        }
        kept.bytes = kept.made ? kept.made->frame.size() : about_bytes(kept.event);
        kept_bytes_ += kept.bytes;
        kept_.push_back(std::move(kept));
        forget_old(now);
    }

    static std::uint64_t to_microseconds(Timestamp time) {
        return static_cast<std::uint64_t>(to_unix_millis(time)) * 1000;
    }
    std::uint64_t now_in_microseconds() const { return to_microseconds(clock_.now()); }

    // Who listens to one family, and since when somebody always did.
    struct Interest {
        std::vector<Subscriber> subscribers;
        std::optional<Timestamp> ended_at;  // nullopt: it never began, or goes on
        std::uint64_t since_seq = 0;
        bool began = false;
    };

    Interest& interest_in(TopicFamily family) {
        return interests_[static_cast<std::size_t>(family)];
    }

    void begin_interest(TopicFamily family, InterestListener* listener) {
        auto& interest = interest_in(family);
        const bool unbroken =
            interest.ended_at && clock_.now() - *interest.ended_at <= retention_.age_max;
        if (!interest.began || !unbroken) interest.since_seq = last_seq_;
        interest.began = true;
        interest.ended_at.reset();
        if (listener != nullptr) listener->on_interest(tenant_, family, true);
    }

    // Whether every event behind `after` that these filters want was made and is kept.
    bool is_complete(const ReplayRequest& request) {
        // Numbers are moments: what was seen too long ago may have been followed by anything.
        const auto oldest = to_microseconds(clock_.now() - retention_.age_max);
        if (request.after < std::max(forgotten_seq_, oldest)) return false;
        return std::all_of(request.filters.begin(), request.filters.end(), [&](const auto& filter) {
            const auto& interest = interest_in(filter.family);
            return !is_made_on_demand(filter.family)
                   || (interest.began && request.after >= interest.since_seq);
        });
    }

    void forget_old(Timestamp now) {
        while (!kept_.empty()
               && (kept_.size() > retention_.events_max || kept_bytes_ > retention_.bytes_max
                   || kept_.front().at < now - retention_.age_max)) {
            forgotten_seq_ = kept_.front().seq;
            kept_bytes_ -= kept_.front().bytes;
            kept_.pop_front();
        }
    }

    const identity::Tenant tenant_;
    const Clock& clock_;
    const Retention retention_;
    std::mutex mutex_;
    std::uint64_t last_seq_ = 0;
    std::uint64_t forgotten_seq_ = 0;  // of the last event that is not kept any more
    std::uint64_t last_id_ = 0;
    std::deque<Kept> kept_;
    std::size_t kept_bytes_ = 0;
    std::array<Interest, kTopicFamilyCount> interests_;
};

MemoryEventBus::MemoryEventBus(const Clock& clock, Retention retention)
    : clock_(clock),
      retention_(retention),
      published_(metrics::counter("events_published_total", "Events that were published.")) {}

MemoryEventBus::~MemoryEventBus() = default;

EventPtr MemoryEventBus::publish(const identity::Tenant& tenant, NewEvent event) {
    published_.add();
    return channel(tenant)->publish(std::move(event));
}

void MemoryEventBus::publish_all(const identity::Tenant& tenant, std::vector<NewEvent> events) {
    published_.add(static_cast<double>(events.size()));
    channel(tenant)->publish_all(std::move(events));
}

Subscription MemoryEventBus::subscribe(const identity::Tenant& tenant, TopicFilter filter,
                                       std::shared_ptr<EventReceiver> receiver) {
    const auto told = listener();
    return channel(tenant)->subscribe(std::move(filter), std::move(receiver), told.get());
}

void MemoryEventBus::unsubscribe(const identity::Tenant& tenant, SubscriptionId id) {
    const auto told = listener();
    channel(tenant)->unsubscribe(id, told.get());
}

Replay MemoryEventBus::read(const identity::Tenant& tenant, const ReplayRequest& request) {
    return channel(tenant)->read(request);
}

std::uint64_t MemoryEventBus::last_seq(const identity::Tenant& tenant) {
    return channel(tenant)->last_seq();
}

void MemoryEventBus::set_interest_listener(std::shared_ptr<InterestListener> listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
}

std::shared_ptr<MemoryEventBus::Channel> MemoryEventBus::channel(const identity::Tenant& tenant) {
    const std::lock_guard lock(mutex_);
    auto& found = channels_[tenant];
    if (!found) found = std::make_shared<Channel>(tenant, clock_, retention_);
    return found;
}

std::shared_ptr<InterestListener> MemoryEventBus::listener() {
    const std::lock_guard lock(mutex_);
    return listener_;
}

}  // namespace zs::events
