#include "core/events/memory_event_bus.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <thread>
#include <vector>

namespace zs::events {
namespace {

using namespace std::chrono_literals;
using identity::Tenant;

const Tenant kLive{"default", "live"};
const Tenant kOther{"default", "sandbox"};

NewEvent state_of(std::string job, std::string type = "state") {
    NewEvent event;
    event.topic = Topic{TopicFamily::Jobs, std::move(job)};
    event.type = std::move(type);
    event.message = "job moved on";
    event.data["state"] = "running";
    return event;
}

std::vector<NewEvent> states_of(std::initializer_list<const char*> jobs) {
    std::vector<NewEvent> events;
    for (const char* job : jobs)
        events.push_back(state_of(job));
    return events;
}

class Ears final : public EventReceiver {
public:
    void on_event(const EventPtr& event) override { heard.push_back(event); }
    std::vector<EventPtr> heard;
};

class EventBusTest : public ::testing::Test {
protected:
    Subscription listen(const char* topic, const std::shared_ptr<EventReceiver>& ears,
                        const Tenant& tenant = kLive) {
        return bus_.subscribe(tenant, parse_topic_filter(topic).value(), ears);
    }
    Replay read(std::uint64_t after, std::vector<const char*> topics) {
        ReplayRequest request;
        for (const char* topic : topics)
            request.filters.push_back(parse_topic_filter(topic).value());
        request.after = after;
        request.until = bus_.last_seq(kLive);
        return bus_.read(kLive, request);
    }

    ManualClock clock_;
    MemoryEventBus bus_{clock_, {.events_max = 5, .bytes_max = 1 << 20, .age_max = 60s}};
};

TEST_F(EventBusTest, AFrameIsTheContracts) {
    const auto event = bus_.publish(kLive, state_of("0198"));
    const auto frame = boost::json::parse(event->frame).as_object();
    EXPECT_EQ(frame.at("topic"), "jobs/0198");
    EXPECT_EQ(frame.at("type"), "state");
    EXPECT_EQ(frame.at("seq").to_number<std::uint64_t>(), event->seq);
    EXPECT_EQ(frame.at("ts"), json_text(to_rfc3339(clock_.now())));
    const auto& data = frame.at("data").as_object();
    EXPECT_EQ(data.at("event"), "state");
    EXPECT_EQ(data.at("timestamp"), frame.at("ts"));
    EXPECT_EQ(data.at("level"), "info");
    EXPECT_EQ(data.at("message"), "job moved on");
    EXPECT_EQ(data.at("state"), "running");
    EXPECT_LT(event->seq, std::uint64_t{1} << 53);
}

TEST_F(EventBusTest, WhatIsPublishedIsCounted) {
    const auto before = metrics::value("events_published_total");
    bus_.publish(kLive, state_of("a"));
    bus_.publish(kOther, state_of("b"));
    EXPECT_EQ(metrics::value("events_published_total"), before + 2);
}

TEST_F(EventBusTest, DataMayComeAsText) {
    auto event = state_of("0198");
    event.message = "said \"so\"";
    event.more_data = R"("status":"failed","error":{"code":"timeout"})";
    event.data["list"] = boost::json::parse(R"([1,{"a":2.5}])");
    event.data["level"] = "not this one";
    const auto made = bus_.publish(kLive, std::move(event));
    const auto frame = boost::json::parse(made->frame).as_object();
    const auto& data = frame.at("data").as_object();
    EXPECT_EQ(data.at("status"), "failed");
    EXPECT_EQ(data.at("error").at("code"), "timeout");
    EXPECT_EQ(data.at("state"), "running");
    EXPECT_EQ(data.at("list"), boost::json::parse(R"([1,{"a":2.5}])"));
    EXPECT_EQ(data.at("level"), "info");
    EXPECT_EQ(data.at("message"), "said \"so\"");
}

TEST_F(EventBusTest, ManyAtOnceComeInTheirOrder) {
    const auto all = std::make_shared<Ears>();
    listen("jobs/*", all);
    bus_.publish_all(kLive, states_of({"a", "b", "c"}));
    bus_.publish(kLive, state_of("d"));
    ASSERT_EQ(all->heard.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(all->heard[i]->topic.name, std::string(1, static_cast<char>('a' + i)));
    }
    for (std::size_t i = 1; i < 4; ++i)
        EXPECT_LT(all->heard[i - 1]->seq, all->heard[i]->seq);
}

TEST_F(EventBusTest, WhatNobodyHeardIsReadAgainAsOthersHeardIt) {
    const auto start = bus_.last_seq(kLive);
    const auto ears = std::make_shared<Ears>();
    listen("jobs/b", ears);
    bus_.publish_all(kLive, states_of({"a", "b", "c"}));
    clock_.advance(1s);
    const auto replay = read(start, {"jobs/*"});
    ASSERT_EQ(replay.events.size(), 3U);
    EXPECT_EQ(replay.events[1], ears->heard.at(0));
    EXPECT_EQ(replay.events, read(start, {"jobs/*"}).events) << "made once";
    const auto frame = boost::json::parse(replay.events[2]->frame).as_object();
    EXPECT_EQ(frame.at("topic"), "jobs/c");
    EXPECT_EQ(frame.at("seq").to_number<std::uint64_t>(), replay.events[2]->seq);
    EXPECT_EQ(frame.at("ts"), json_text(to_rfc3339(clock_.now() - 1s))) << "when it happened";
}

// What is not made yet counts for what it will be.
TEST_F(EventBusTest, TheSizeOfAFrameIsKnownBefore) {
    auto event = state_of("0198");
    event.message = std::string(1000, 'm');
    event.more_data = R"("more":)" + std::string(500, '7');
    event.data["lines"] = boost::json::parse(R"(["one",{"two":"three"},4])");
    const auto about = about_bytes(event);
    const auto exact = bus_.publish(kLive, std::move(event))->frame.size();
    EXPECT_NEAR(static_cast<double>(about), static_cast<double>(exact), 60.0);
}

TEST_F(EventBusTest, WhatIsNotMadeYetIsBoundedToo) {
    MemoryEventBus small(clock_, {.events_max = 1000, .bytes_max = 2000, .age_max = 60s});
    ReplayRequest request;
    request.filters = {parse_topic_filter("jobs/*").value()};
    request.after = small.last_seq(kLive);
    std::vector<NewEvent> events;
    for (int i = 0; i < 100; ++i)
        events.push_back(state_of("a"));
    small.publish_all(kLive, std::move(events));
    request.until = small.last_seq(kLive);
    const auto count = small.read(kLive, request).events.size();
    EXPECT_GE(count, 5U);
    EXPECT_LE(count, 10U);
}

TEST_F(EventBusTest, WhoListensHearsTheSameObjectInOrder) {
    const auto one = std::make_shared<Ears>();
    const auto all = std::make_shared<Ears>();
    listen("jobs/a", one);
    listen("jobs/*", all);
    const auto first = bus_.publish(kLive, state_of("a"));
    const auto second = bus_.publish(kLive, state_of("b"));
    bus_.publish(kOther, state_of("a"));
    ASSERT_EQ(one->heard.size(), 1U);
    ASSERT_EQ(all->heard.size(), 2U) << "nothing of another environment";
    EXPECT_EQ(one->heard[0], first);
    EXPECT_EQ(all->heard[0], first) << "shared, not copied";
    EXPECT_EQ(all->heard[1], second);
    EXPECT_LT(first->seq, second->seq);
}

TEST_F(EventBusTest, NobodyIsCalledAfterUnsubscribing) {
    const auto ears = std::make_shared<Ears>();
    const auto subscription = listen("jobs/*", ears);
    bus_.unsubscribe(kLive, subscription.id);
    bus_.unsubscribe(kLive, subscription.id);
    bus_.publish(kLive, state_of("a"));
    EXPECT_TRUE(ears->heard.empty());
}

TEST_F(EventBusTest, NumbersGrowOverARestartAndWhenTheClockStandsStill) {
    const auto before = bus_.publish(kLive, state_of("a"))->seq;
    EXPECT_EQ(bus_.publish(kLive, state_of("a"))->seq, before + 1);
    clock_.advance(1ms);
    MemoryEventBus restarted(clock_);
    EXPECT_GT(restarted.publish(kLive, state_of("a"))->seq, before + 1);
}

TEST_F(EventBusTest, ASubscriptionBeginsWhereTheReplayEnds) {
    const auto first = bus_.publish(kLive, state_of("a"));
    const auto ears = std::make_shared<Ears>();
    const auto subscription = listen("jobs/a", ears);
    EXPECT_EQ(subscription.seq, first->seq);
    bus_.publish(kLive, state_of("b"));
    const auto last = bus_.publish(kLive, state_of("a"));
    const auto replay = read(first->seq - 1, {"jobs/a"});
    EXPECT_TRUE(replay.complete);
    ASSERT_EQ(replay.events.size(), 2U);
    EXPECT_EQ(replay.events[1], last);
    EXPECT_EQ(replay.oldest_seq, first->seq);
    EXPECT_TRUE(read(last->seq, {"jobs/*"}).events.empty());
}

TEST_F(EventBusTest, AReplayOfManyTopicsHasOneOrder) {
    const auto start = bus_.last_seq(kLive);
    std::vector<EventPtr> all;
    for (const char* job : {"a", "b", "a", "c"})
        all.push_back(bus_.publish(kLive, state_of(job)));
    const auto replay = read(start, {"jobs/c", "jobs/a", "jobs/*"});
    EXPECT_EQ(replay.events, all) << "each once";
}

TEST_F(EventBusTest, WhatIsForgottenMakesAReplayIncomplete) {
    const auto start = bus_.last_seq(kLive);
    std::vector<EventPtr> all;
    for (int i = 0; i < 7; ++i)
        all.push_back(bus_.publish(kLive, state_of("a")));
    EXPECT_FALSE(read(start, {"jobs/a"}).complete);
    EXPECT_EQ(read(start, {"jobs/a"}).events.size(), 5U);
    EXPECT_FALSE(read(all[0]->seq, {"jobs/a"}).complete);
    EXPECT_TRUE(read(all[1]->seq, {"jobs/a"}).complete) << "all that followed is there";
    clock_.advance(61s);
    const auto late = read(all[6]->seq, {"jobs/a"});
    EXPECT_TRUE(late.events.empty());
    EXPECT_FALSE(late.complete) << "numbers are moments, and this one is too old to know";
    EXPECT_EQ(late.oldest_seq, 0U);
}

TEST_F(EventBusTest, MemoryIsBoundedByBytesToo) {
    MemoryEventBus small(clock_, {.events_max = 1000, .bytes_max = 2000, .age_max = 60s});
    const auto start = small.last_seq(kLive);
    for (int i = 0; i < 100; ++i)
        small.publish(kLive, state_of("a"));
    ReplayRequest request;
    request.filters = {parse_topic_filter("jobs/*").value()};
    request.after = start;
    request.until = small.last_seq(kLive);
    std::size_t bytes = 0;
    for (const auto& event : small.read(kLive, request).events)
        bytes += event->frame.size();
    EXPECT_GT(bytes, 1000U);
    EXPECT_LE(bytes, 2000U);
}

TEST_F(EventBusTest, LongReplaysComeInPages) {
    MemoryEventBus large(clock_);
    ReplayRequest request;
    request.filters = {parse_topic_filter("jobs/*").value()};
    request.after = large.last_seq(kLive);
    constexpr std::size_t kCount = limits::kReadMax * 2 + 10;
    for (std::size_t i = 0; i < kCount; ++i)
        large.publish(kLive, state_of("a"));
    request.until = large.last_seq(kLive);
    std::size_t count = 0;
    std::size_t pages = 0;
    while (true) {
        const auto page = large.read(kLive, request);
        ++pages;
        count += page.events.size();
        if (!page.more) break;
        request.after = page.events.back()->seq;
    }
    EXPECT_EQ(count, kCount);
    EXPECT_EQ(pages, 3U);
}

class Interests final : public InterestListener {
public:
    void on_interest(const Tenant& tenant, TopicFamily family, bool any) override {
        heard.push_back(tenant.env_slug + " " + std::string(to_text(family)) + (any ? " +" : " -"));
    }
    std::vector<std::string> heard;
};

TEST_F(EventBusTest, InterestIsToldOnce) {
    const auto interests = std::make_shared<Interests>();
    bus_.set_interest_listener(interests);
    const auto ears = std::make_shared<Ears>();
    const auto a = listen("tables/a", ears);
    const auto b = listen("tables/*", ears);
    listen("jobs/*", ears, kOther);
    bus_.unsubscribe(kLive, a.id);
    bus_.unsubscribe(kLive, b.id);
    EXPECT_EQ(interests->heard,
              (std::vector<std::string>{"live tables +", "sandbox jobs +", "live tables -"}));
}

// Row changes are made into events only while somebody listens.
TEST_F(EventBusTest, AReplayKnowsWhenNobodyListened) {
    const auto start = bus_.last_seq(kLive);
    EXPECT_FALSE(read(start, {"tables/a"}).complete) << "nobody ever did";
    EXPECT_TRUE(read(start, {"jobs/a"}).complete);
    const auto ears = std::make_shared<Ears>();
    auto subscription = listen("tables/a", ears);
    EXPECT_TRUE(read(subscription.seq, {"tables/a"}).complete);
    bus_.unsubscribe(kLive, subscription.id);
    clock_.advance(30s);
    const auto again = listen("tables/a", ears);
    EXPECT_TRUE(read(again.seq, {"tables/a", "jobs/a"}).complete) << "back in time";
    bus_.unsubscribe(kLive, again.id);
    clock_.advance(61s);
    bus_.publish(kLive, state_of("a"));
    const auto seen = bus_.last_seq(kLive);
    clock_.advance(1s);
    listen("tables/a", ears);
    EXPECT_TRUE(read(seen, {"jobs/a"}).complete);
    bus_.publish(kLive, state_of("a"));
    EXPECT_FALSE(read(seen - 1, {"tables/a"}).complete) << "there was a gap";
}

TEST_F(EventBusTest, ManyThreadsHaveOneOrder) {
    MemoryEventBus bus(clock_);
    const auto ears = std::make_shared<Ears>();
    bus.subscribe(kLive, parse_topic_filter("jobs/*").value(), ears);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&bus, i] {
            for (int n = 0; n < 500; ++n)
                bus.publish(kLive, state_of(std::to_string(i)));
        });
    }
    for (auto& thread : threads)
        thread.join();
    ASSERT_EQ(ears->heard.size(), 2000U);
    for (std::size_t i = 1; i < ears->heard.size(); ++i)
        ASSERT_LT(ears->heard[i - 1]->seq, ears->heard[i]->seq);
}

}  // namespace
}  // namespace zs::events
