#pragma once

#include "async/io_runtime.hpp"
#include "async/task_group.hpp"
#include "core/events/client_feed.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace zs::events {

class Fanout;

// The clients of one event loop, found by what they listen to.
// Lifetime: owned by the fan-out. Threading: its loop, but for what says otherwise.
class FanoutLoop {
public:
    FanoutLoop(Fanout& fanout, async::Executor executor, std::size_t index);
    ~FanoutLoop();
    FanoutLoop(const FanoutLoop&) = delete;
    FanoutLoop& operator=(const FanoutLoop&) = delete;

    std::shared_ptr<ClientFeed> join(FeedClient& client);
    EventBus& bus();
    // Coroutines of the clients: joined when the fan-out closes.
    async::TaskGroup& tasks() { return tasks_; }
    Fanout& fanout() { return fanout_; }

    // ---- for feeds
    void add_route(ClientFeed& feed, const TopicFilter& filter);
    void remove_route(ClientFeed& feed, const TopicFilter& filter);
    void part(ClientFeed& feed);
    void mark_ready(ClientFeed& feed);
    // Every event up to here was offered.
    std::uint64_t position(const identity::Tenant& tenant) const;
    ParcelPtr wrap(const EventPtr& event) const;
    void count_dropped(std::uint64_t count);

    // ---- for the fan-out; from any thread
    void deliver(const ParcelPtr& parcel);
    void end_session(const Uuid& session);
    void check_access();
    void end_all();
    void close_blocking();

private:
    using Feeds = std::vector<ClientFeed*>;
    struct FamilyRoutes {
        Feeds wildcards;
        std::unordered_map<std::string, Feeds> by_name;
        std::size_t count = 0;
    };
    struct TenantRoutes {
        std::array<FamilyRoutes, kTopicFamilyCount> families;
        std::uint64_t position = 0;
        std::size_t count = 0;
    };

    void post_drain();
    void drain();
    void take_inbox();
    void hand_out(const ParcelPtr& parcel);
    void tell_ready();
    async::Task<> recheck();
    async::Task<bool> recheck_one(std::weak_ptr<ClientFeed> weak);

    Fanout& fanout_;
    const async::Executor executor_;
    const std::size_t index_;
    async::TaskGroup tasks_;
    std::vector<ClientFeed*> feeds_;
    std::vector<std::weak_ptr<ClientFeed>> owners_;  // of feeds_
    std::map<identity::Tenant, TenantRoutes> routes_;
    std::vector<ClientFeed*> ready_;
    bool rechecking_ = false;
    bool recheck_again_ = false;

    std::vector<ParcelPtr> working_;
    std::size_t worked_ = 0;
    std::mutex mutex_;
    std::vector<ParcelPtr> inbox_;  // behind the mutex, as the rest
    std::size_t inbox_bytes_ = 0;
    bool lost_ = false;
    bool posted_ = false;
    bool closed_ = false;
};

// From the bus to the clients of every event loop. An event is serialised once, made into one
// parcel, handed to each loop with listeners once, and a burst of them wakes a loop once.
// Lifetime: bus and runtime outlive it; close() from another thread before it is destroyed.
// Threading: any.
class Fanout {
public:
    struct Config {
        Outbox::Limits outbox;
        // The bytes of an event as most clients get it, from its JSON text.
        std::function<std::string(std::string_view json)> encode;
        // Asks again who a credential stands for.
        std::function<async::Task<Result<identity::PrincipalPtr>>(std::string credential,
                                                                  std::string client_ip)>
            authenticate;
    };

    Fanout(EventBus& bus, async::IoRuntime& io, Config config);
    ~Fanout();
    Fanout(const Fanout&) = delete;
    Fanout& operator=(const Fanout&) = delete;

    FanoutLoop& loop(std::size_t index) { return *loops_[index]; }
    FanoutLoop& loop_of(const boost::asio::io_context& io);
    EventBus& bus() { return bus_; }
    const Config& config() const { return config_; }

    // To every tenant that somebody listens for.
    void publish_to_listeners(const NewEvent& event);
    // Rights changed: every client's are resolved again. A session ended: its clients go.
    void rights_changed();
    void session_ended(const Uuid& session);
    // The server stops: every client is told, and ends.
    void end_all();
    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

    // Ends what runs for clients, and waits for it. Clients have left, or leave by themselves.
    void close_blocking();

private:
    friend class FanoutLoop;
    class FamilyReceiver;
    using Key = std::pair<identity::Tenant, TopicFamily>;
    void want(const identity::Tenant& tenant, TopicFamily family, std::size_t loop);
    void want_no_more(const identity::Tenant& tenant, TopicFamily family, std::size_t loop);

    EventBus& bus_;
    async::IoRuntime& io_;
    const Config config_;
    std::vector<std::unique_ptr<FanoutLoop>> loops_;
    std::mutex mutex_;
    std::map<Key, std::shared_ptr<FamilyReceiver>> receivers_;
    std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace zs::events
