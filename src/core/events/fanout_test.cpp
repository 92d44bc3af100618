#include "core/events/fanout.hpp"

#include "core/events/limits.hpp"
#include "core/events/memory_event_bus.hpp"

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace zs::events {
namespace {

const identity::Tenant kTenant{"default", "live"};

NewEvent table_event(std::string name) {
    NewEvent event;
    event.topic = Topic{TopicFamily::Tables, std::move(name)};
    event.type = "change";
    return event;
}

// A client that takes everything at once, or nothing.
class Client final : public FeedClient {
public:
    explicit Client(FanoutLoop& loop) : feed(loop.join(*this)) {
        FeedAccess access;
        auto principal = std::make_shared<identity::Principal>();
        principal->tenant = kTenant;
        principal->rights = std::make_shared<identity::Rights>(identity::Rights::everything());
        access.principal = std::move(principal);
        feed->set_access(std::move(access));
    }
    void on_ready() override {
        feed->pump();
        while (takes && !feed->outbox().empty()) {
            if (const auto gap = feed->outbox().take_gap()) missed += gap->since_last;
            const auto& parcel = feed->outbox().at(0);
            bytes.push_back(parcel->bytes.data());
            seqs.push_back(parcel->event->seq);
            feed->outbox().pop();
            feed->pump();
        }
        count = seqs.size();
    }
    void on_subscription_lost(const TopicFilter&) override {}
    void on_access_lost(const Error&) override { lost = true; }

    std::shared_ptr<ClientFeed> feed;
    std::vector<std::uint64_t> seqs;
    std::vector<const char*> bytes;
    std::uint64_t missed = 0;
    bool takes = true;
    bool lost = false;
    std::atomic<std::size_t> count{0};
};

class FanoutTest : public ::testing::Test {
protected:
    FanoutTest() { io_.start(); }
    ~FanoutTest() override {
        for (std::size_t loop = 0; loop < 2; ++loop)
            on(loop, [&] { clients_[loop].clear(); });
        fanout_.close_blocking();
    }
    template <class Work>
    void on(std::size_t loop, Work work) {
        std::promise<void> done;
        boost::asio::post(io_.loop(loop), [&] {
            work();
            done.set_value();
        });
        done.get_future().wait();
    }
    Client& client(std::size_t loop, std::vector<const char*> topics) {
        Client* made = nullptr;
        on(loop, [&] {
            clients_[loop].push_back(std::make_unique<Client>(fanout_.loop(loop)));
            made = clients_[loop].back().get();
            for (const char* topic : topics)
                made->feed->subscribe({parse_topic_filter(topic).value()}, std::nullopt);
        });
        return *made;
    }
    // Until the client has so many events; the test's time limit ends a wait in vain.
    static void wait_for(const Client& client, std::size_t count) {
        while (client.count < count)
            std::this_thread::yield();
    }
    static Fanout::Config config() {
        Fanout::Config config;
        config.outbox = {100'000, std::size_t{64} << 20};
        config.encode = [](std::string_view json) { return "frame " + std::string(json); };
        return config;
    }

    ManualClock clock_;
    MemoryEventBus bus_{clock_};
    async::IoRuntime io_{2};
    Fanout fanout_{bus_, io_, config()};
    std::vector<std::unique_ptr<Client>> clients_[2];
};

TEST_F(FanoutTest, EveryReceiverOfEveryLoopGetsTheSameBytes) {
    auto& a = client(0, {"tables/a"});
    auto& b = client(0, {"tables/*", "tables/a"});
    auto& c = client(1, {"tables/a"});
    auto& d = client(1, {"tables/b"});
    std::vector<std::uint64_t> published;
    for (int i = 0; i < 100; ++i)
        published.push_back(bus_.publish(kTenant, table_event("a"))->seq);
    const auto last = bus_.publish(kTenant, table_event("b"));
    wait_for(a, 100);
    wait_for(b, 101);
    wait_for(c, 100);
    wait_for(d, 1);
    EXPECT_EQ(a.seqs, published);
    EXPECT_EQ(c.seqs, published);
    EXPECT_EQ(d.seqs, std::vector{last->seq});
    published.push_back(last->seq);
    EXPECT_EQ(b.seqs, published) << "by two subscriptions, once";
}

TEST_F(FanoutTest, APublisherIsNotHeldUpByALoopThatStandsStillAndNothingIsLost) {
    auto& stuck = client(0, {"tables/a"});
    auto& other = client(1, {"tables/a"});
    std::promise<void> go_on;
    boost::asio::post(io_.loop(0), [&] { go_on.get_future().wait(); });
    const auto count = limits::kInboxEventsMax + 1000;
    std::vector<std::uint64_t> published;
    for (std::size_t i = 0; i < count; ++i) {
        published.push_back(bus_.publish(kTenant, table_event("a"))->seq);
        // The other loop keeps up, so its inbox never overflows.
        if (i % 500 == 499) wait_for(other, i + 1);
    }
    wait_for(other, count);
    EXPECT_EQ(other.seqs, published);
    go_on.set_value();
    wait_for(stuck, count);
    EXPECT_EQ(stuck.seqs, published) << "what its inbox had no room for came from the bus";
    EXPECT_EQ(stuck.missed, 0U);
}

TEST_F(FanoutTest, WhatTheBusForgotMeanwhileIsAGap) {
    auto& stuck = client(0, {"tables/a"});
    bus_.publish(kTenant, table_event("a"));
    wait_for(stuck, 1);
    std::promise<void> go_on;
    boost::asio::post(io_.loop(0), [&] { go_on.get_future().wait(); });
    const auto count = limits::kKeptEventsMax + limits::kInboxEventsMax;
    for (std::size_t i = 0; i < count; ++i)
        bus_.publish(kTenant, table_event("a"));
    go_on.set_value();
    const auto last = bus_.publish(kTenant, table_event("a"))->seq;
    wait_for(stuck, 1000);
    while (true) {
        bool done = false;
        on(0, [&] { done = !stuck.seqs.empty() && stuck.seqs.back() == last; });
        if (done) break;
    }
    on(0, [&] {
        EXPECT_GT(stuck.missed, 0U);
        EXPECT_TRUE(std::is_sorted(stuck.seqs.begin(), stuck.seqs.end()));
    });
}

TEST_F(FanoutTest, AResumeIsReplayedAndThenLive) {
    std::vector<std::uint64_t> published;
    for (int i = 0; i < 1000; ++i)
        published.push_back(bus_.publish(kTenant, table_event(i % 2 == 0 ? "a" : "b"))->seq);
    auto& late = client(0, {"tables/b"});
    ClientFeed::Subscribed answer;
    on(0, [&] {
        answer = late.feed->subscribe({parse_topic_filter("tables/a").value()}, published[99]);
        late.on_ready();
    });
    EXPECT_EQ(answer.replayed, 450U);
    wait_for(late, 450);
    const auto live = bus_.publish(kTenant, table_event("b"));
    wait_for(late, 451);
    EXPECT_EQ(late.seqs.front(), published[100]);
    EXPECT_EQ(late.seqs.back(), live->seq);
    EXPECT_TRUE(std::is_sorted(late.seqs.begin(), late.seqs.end()));
}

TEST_F(FanoutTest, EventsThatRaceWithSubscriptionsComeOnceOrAreBeforeThem) {
    std::atomic<bool> stop{false};
    std::thread publisher([&] {
        while (!stop)
            bus_.publish(kTenant, table_event("a"));
    });
    for (int i = 0; i < 50; ++i) {
        auto& each = client(static_cast<std::size_t>(i) % 2, {});
        ClientFeed::Subscribed answer;
        on(static_cast<std::size_t>(i) % 2, [&] {
            answer = each.feed->subscribe({parse_topic_filter("tables/a").value()}, std::nullopt);
        });
        wait_for(each, 20);
        on(static_cast<std::size_t>(i) % 2, [&] {
            each.takes = false;
            each.feed->leave();
        });
        ASSERT_GT(each.seqs.front(), answer.seq);
        for (std::size_t at = 1; at < each.seqs.size(); ++at)
            ASSERT_LT(each.seqs[at - 1], each.seqs[at]);
    }
    stop = true;
    publisher.join();
}

TEST_F(FanoutTest, OnlyWhatIsListenedToIsAskedOfTheBus) {
    class Interest final : public InterestListener {
    public:
        void on_interest(const identity::Tenant&, TopicFamily, bool any) override { now = any; }
        std::atomic<bool> now{false};
    };
    const auto interest = std::make_shared<Interest>();
    bus_.set_interest_listener(interest);
    auto& one = client(0, {"tables/a"});
    auto& two = client(1, {"tables/*"});
    EXPECT_TRUE(interest->now);
    on(0, [&] { one.feed->leave(); });
    EXPECT_TRUE(interest->now);
    on(1, [&] { two.feed->unsubscribe(parse_topic_filter("tables/*").value()); });
    EXPECT_FALSE(interest->now);
}

}  // namespace
}  // namespace zs::events
