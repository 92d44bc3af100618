#pragma once

#include "core/events/event_bus.hpp"
#include "core/events/outbox.hpp"
#include "core/identity/principal.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zs::events {

class FanoutLoop;

// The transport of one client: a WebSocket, an event stream. Called on its loop.
class FeedClient {
public:
    virtual ~FeedClient() = default;
    // The outbox has something that it had not.
    virtual void on_ready() = 0;
    // The right to listen is gone, and with it the subscription.
    virtual void on_subscription_lost(const TopicFilter& filter) = 0;
    // The credential is no longer good: end the connection.
    virtual void on_access_lost(const Error& why) = 0;
};

// Who the client is, and how to ask again whether that is still so.
struct FeedAccess {
    identity::PrincipalPtr principal;
    std::string credential;
    std::string client_ip;
};

// What one client listens to and what it has not got yet: rights, order, replay and back-pressure
// are the same whatever the transport.
// While it catches up it reads events from the bus as fast as the client takes them; else the loop
// offers each event once, and a full outbox drops the oldest.
// Lifetime: made by FanoutLoop::join(); the loop forgets it when it is destroyed or left.
// Threading: its loop.
class ClientFeed {
public:
    ClientFeed(FanoutLoop& loop, FeedClient& client, const Outbox::Limits& limits);
    ~ClientFeed();
    ClientFeed(const ClientFeed&) = delete;
    ClientFeed& operator=(const ClientFeed&) = delete;

    // The first time, or again for the same principal and tenant. What the new rights do not cover
    // is unsubscribed.
    void set_access(FeedAccess access);
    void set_principal(identity::PrincipalPtr principal);
    const FeedAccess& access() const { return access_; }
    bool knows_client() const { return access_.principal != nullptr; }

    struct Subscribed {
        std::uint64_t seq = 0;  // the last event before: later ones are live
        std::uint64_t replayed = 0;
        std::uint64_t oldest_seq = 0;
        bool complete = true;
    };
    // Adds the filters, or replaces those of the same topics. With `after`, events since then come
    // first. Call pump() when the client was told. The caller has checked rights and limits.
    Subscribed subscribe(std::vector<TopicFilter> filters, std::optional<std::uint64_t> after);
    // False: it was not subscribed.
    bool unsubscribe(const TopicFilter& filter);
    bool has(const TopicFilter& filter) const { return find(filter) != nullptr; }
    std::size_t subscriptions() const { return entries_.size(); }
    std::vector<TopicFilter> filters() const;
    // No more events, for good.
    void leave();

    Outbox& outbox() { return outbox_; }
    // Reads on while it catches up and the client has room. Call when some of it was sent.
    void pump();

    // ---- for the loop
    void offer(const ParcelPtr& parcel);
    void catch_up();  // events were lost between bus and loop
    FeedClient& client() { return client_; }
    std::size_t index = 0;  // in the loop's list
    bool is_ready = false;  // in the loop's list of those to be told

private:
    struct Entry {
        TopicFilter filter;
        std::uint64_t after = 0;  // it got, or does not want, events up to here
    };
    const Entry* find(const TopicFilter& filter) const;
    bool wants(const Event& event) const;
    void settle();
    void begin_catching_up();
    // Answers up to where events are not kept any more.
    std::uint64_t count_replayed(const std::vector<TopicFilter>& wanted, std::uint64_t after,
                                 Subscribed& answer) const;

    FanoutLoop& loop_;
    FeedClient& client_;
    Outbox outbox_;
    FeedAccess access_;
    std::vector<Entry> entries_;
    std::uint64_t seen_seq_ = 0;  // of the last live event
    std::uint64_t cursor_ = 0;    // of the catching up
    bool catching_up_ = false;
    bool left_ = false;
};

}  // namespace zs::events
