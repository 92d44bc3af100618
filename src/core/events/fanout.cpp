#include "core/events/fanout.hpp"

#include "base/metrics.hpp"

#include <algorithm>

namespace zs::events {

// Takes every event of one family of one tenant, for all loops.
class Fanout::FamilyReceiver final : public EventReceiver {
public:
    FamilyReceiver(Fanout& fanout, std::size_t loops) : fanout_(fanout), listens_(loops) {}

    void on_event(const EventPtr& event) override {
        ParcelPtr parcel;
        for (std::size_t i = 0; i < listens_.size(); ++i) {
            if (!listens_[i].load(std::memory_order_acquire)) continue;
            if (!parcel) parcel = fanout_.loops_[i]->wrap(event);
            fanout_.loops_[i]->deliver(parcel);
        }
    }

    void set(std::size_t loop, bool listens) { listens_[loop].store(listens); }
    bool any() const {
        return std::any_of(listens_.begin(), listens_.end(),
                           [](const std::atomic<bool>& each) { return each.load(); });
    }
    SubscriptionId id{};

private:
    Fanout& fanout_;
    std::vector<std::atomic<bool>> listens_;
};

Fanout::Fanout(EventBus& bus, async::IoRuntime& io, Config config)
    : bus_(bus), io_(io), config_(std::move(config)) {
    for (std::size_t i = 0; i < io.size(); ++i)
        loops_.push_back(std::make_unique<FanoutLoop>(*this, io.executor(i), i));
}

Fanout::~Fanout() {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, receiver] : receivers_)
        bus_.unsubscribe(key.first, receiver->id);
}

FanoutLoop& Fanout::loop_of(const boost::asio::io_context& io) {
    for (std::size_t i = 0; i < io_.size(); ++i) {
        if (&io_.loop(i) == &io) return *loops_[i];
    }
    return *loops_.front();
}

void Fanout::want(const identity::Tenant& tenant, TopicFamily family, std::size_t loop) {
    const std::lock_guard lock(mutex_);
    auto& receiver = receivers_[{tenant, family}];
    if (receiver) return receiver->set(loop, true);
    receiver = std::make_shared<FamilyReceiver>(*this, loops_.size());
    receiver->set(loop, true);
    TopicFilter all;
    all.family = family;
    all.wildcard = family != TopicFamily::Permissions && family != TopicFamily::System;
    all.logs = TopicFilter::Logs::Always;
    receiver->id = bus_.subscribe(tenant, std::move(all), receiver).id;
}

void Fanout::want_no_more(const identity::Tenant& tenant, TopicFamily family, std::size_t loop) {
    const std::lock_guard lock(mutex_);
    const auto found = receivers_.find({tenant, family});
    if (found == receivers_.end()) return;
    found->second->set(loop, false);
    if (found->second->any()) return;
    bus_.unsubscribe(tenant, found->second->id);
    receivers_.erase(found);
}

void Fanout::publish_to_listeners(const NewEvent& event) {
    std::vector<identity::Tenant> tenants;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [key, receiver] : receivers_) {
            if (tenants.empty() || tenants.back() != key.first) tenants.push_back(key.first);
        }
    }
    for (const auto& tenant : tenants)
        bus_.publish(tenant, event);
}

void Fanout::rights_changed() {
    for (const auto& loop : loops_)
        loop->check_access();
}

void Fanout::end_all() {
    for (const auto& loop : loops_)
        loop->end_all();
}

void Fanout::session_ended(const Uuid& session) {
    for (const auto& loop : loops_)
        loop->end_session(session);
}

void Fanout::close_blocking() {
    for (const auto& loop : loops_)
        loop->close_blocking();
}

}  // namespace zs::events
