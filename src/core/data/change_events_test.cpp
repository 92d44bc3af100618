#include "core/data/change_events.hpp"

#include "core/events/limits.hpp"
#include "core/events/memory_event_bus.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <algorithm>

namespace zs::data {
namespace {

using namespace std::chrono_literals;
using events::parse_topic_filter;
using identity::Tenant;

const Tenant kLive{"default", "live"};

class Feed final : public ChangeFeed {
public:
    void subscribe(std::shared_ptr<ChangeSubscriber> subscriber) override {
        subscribers.push_back(std::move(subscriber));
    }
    void unsubscribe(const std::shared_ptr<ChangeSubscriber>& subscriber) override {
        std::erase(subscribers, subscriber);
    }
    void commit(ChangeSet changes) {
        changes.tenant = kLive;
        const auto shared = std::make_shared<const ChangeSet>(std::move(changes));
        const auto everybody = subscribers;
        for (const auto& each : everybody)
            each->on_commit(shared);
    }
    std::vector<std::shared_ptr<ChangeSubscriber>> subscribers;
};

class Ears final : public events::EventReceiver {
public:
    void on_event(const events::EventPtr& event) override {
        frames.push_back(boost::json::parse(event->frame).as_object());
    }
    const boost::json::object& data(std::size_t i) const {
        return frames.at(i).at("data").as_object();
    }
    std::vector<boost::json::object> frames;
};

RowChange insert(std::string table, std::int64_t id, std::vector<SqlValue> values) {
    RowChange change;
    change.table = std::move(table);
    change.row_id_after = id;
    change.new_values = std::move(values);
    return change;
}

ChangeSet commit_of(std::vector<RowChange> changes) {
    ChangeSet set;
    set.changes = std::move(changes);
    return set;
}

class ChangeEventsTest : public ::testing::Test {
protected:
    ChangeEventsTest() { bus_.set_interest_listener(changes_); }

    events::Subscription listen(const char* topic) {
        return bus_.subscribe(kLive, parse_topic_filter(topic).value(), ears_);
    }

    Feed feed_;
    ManualClock clock_;
    events::MemoryEventBus bus_{clock_};
    std::shared_ptr<Ears> ears_ = std::make_shared<Ears>();
    std::shared_ptr<ChangeEvents> changes_ = std::make_shared<ChangeEvents>(
        feed_, bus_, clock_, [](const Tenant&, std::string_view table) { return table == "docs"; });
};

TEST_F(ChangeEventsTest, CapturesOnlyWhileSomebodyListens) {
    EXPECT_TRUE(feed_.subscribers.empty());
    const auto jobs = listen("jobs/*");
    EXPECT_TRUE(feed_.subscribers.empty());
    const auto tables = listen("tables/*");
    EXPECT_EQ(feed_.subscribers.size(), 1U);
    bus_.unsubscribe(kLive, tables.id);
    clock_.advance(events::limits::kKeptFor);
    feed_.commit(commit_of({insert("t", 1, {})}));
    EXPECT_TRUE(changes_->is_attached()) << "whoever comes back in time misses nothing";
    clock_.advance(120s);
    feed_.commit(commit_of({insert("t", 2, {})}));
    EXPECT_FALSE(changes_->is_attached());
    EXPECT_TRUE(feed_.subscribers.empty());
    listen("tables/*");
    EXPECT_EQ(feed_.subscribers.size(), 1U);
    changes_->close();
    EXPECT_TRUE(feed_.subscribers.empty());
    bus_.unsubscribe(kLive, jobs.id);
}

TEST_F(ChangeEventsTest, ACommitIsOneEventForEachTableAndOperation) {
    listen("tables/*");
    RowChange update = insert("a", 7, {std::int64_t{1}, std::string("new")});
    update.operation = ChangeOperation::Update;
    update.row_id_before = 7;
    update.old_values = {std::int64_t{1}, std::string("old")};
    RowChange gone;
    gone.table = "b";
    gone.operation = ChangeOperation::Delete;
    gone.row_id_before = 9;
    gone.old_values = {SqlValue()};
    feed_.commit(commit_of({insert("a", 1, {std::int64_t{5}, std::string("x")}), update,
                            insert("a", 2, {1.5, SqlValue()}), gone}));
    ASSERT_EQ(ears_->frames.size(), 3U);
    EXPECT_EQ(ears_->frames[0].at("topic"), "tables/a");
    EXPECT_EQ(ears_->frames[0].at("type"), "change");
    EXPECT_EQ(ears_->data(0).at("operation"), "insert");
    EXPECT_EQ(ears_->data(0).at("count"), 2);
    EXPECT_EQ(ears_->data(0).at("rows"),
              boost::json::parse(R"([{"row_id":1,"new":[5,"x"]},{"row_id":2,"new":[1.5,null]}])"));
    EXPECT_EQ(ears_->data(1).at("rows"),
              boost::json::parse(R"([{"row_id":7,"old":[1,"old"],"new":[1,"new"]}])"));
    EXPECT_EQ(ears_->frames[2].at("topic"), "tables/b");
    EXPECT_EQ(ears_->data(2).at("rows"), boost::json::parse(R"([{"row_id":9,"old":[null]}])"));
    EXPECT_EQ(ears_->data(2).at("truncated"), false);
}

TEST_F(ChangeEventsTest, CollectionsHaveTheirOwnTopic) {
    listen("collections/docs");
    feed_.commit(commit_of({insert("docs", 1, {}), insert("plain", 1, {})}));
    ASSERT_EQ(ears_->frames.size(), 1U);
    EXPECT_EQ(ears_->frames[0].at("topic"), "collections/docs");
    listen("tables/docs");
    feed_.commit(commit_of({insert("docs", 2, {})}));
    EXPECT_EQ(ears_->frames.size(), 3U) << "it is a table as well";
}

TEST_F(ChangeEventsTest, ValuesThatJsonCannotHold) {
    listen("tables/t");
    Blob blob;
    blob.bytes = std::string("\x00\xff", 2);
    feed_.commit(commit_of({insert("t", 1,
                                   {std::int64_t{1} << 60, blob, std::string("\xff"),
                                    std::numeric_limits<double>::infinity()})}));
    EXPECT_EQ(ears_->data(0).at("rows").as_array()[0].at("new"),
              boost::json::parse(
                  R"(["1152921504606846976",{"base64":"AP8="},{"base64":"/w=="},"Infinity"])"));
}

TEST_F(ChangeEventsTest, LargeCommitsAreCutAndCounted) {
    listen("tables/t");
    std::vector<RowChange> many;
    for (int i = 0; i < 250; ++i)
        many.push_back(insert("t", i, {std::int64_t{i}}));
    feed_.commit(commit_of(std::move(many)));
    EXPECT_EQ(ears_->data(0).at("count"), 250);
    EXPECT_EQ(ears_->data(0).at("rows").as_array().size(), ChangeEvents::kEventRowsMax);
    EXPECT_EQ(ears_->data(0).at("truncated"), true);
    feed_.commit(commit_of({insert("t", 1, {std::string(70'000, 'x')})}));
    EXPECT_TRUE(ears_->data(1).at("rows").as_array().empty());
    EXPECT_EQ(ears_->data(1).at("count"), 1);
}

TEST_F(ChangeEventsTest, WhatWasNotCapturedIsSaidToEverybody) {
    listen("tables/t");
    ChangeSet unknown;
    unknown.too_large = true;
    feed_.commit(std::move(unknown));
    ASSERT_EQ(ears_->frames.size(), 1U);
    EXPECT_EQ(ears_->frames[0].at("topic"), "tables/*");
    EXPECT_EQ(ears_->data(0).at("operation"), "unknown");
}

TEST_F(ChangeEventsTest, DefinitionsAreToldByTableAndWhatElseChangedAsUnknown) {
    listen("tables/*");
    listen("collections/*");
    ChangeSet defined;
    defined.too_large = true;
    defined.definitions = {{"new", DefinitionChange::Created},
                           {"docs", DefinitionChange::Altered},
                           {"old", DefinitionChange::Deleted}};
    defined.tables = {"docs", "new", "old", "rows"};
    feed_.commit(std::move(defined));
    std::vector<std::string> told;
    for (const auto& frame : ears_->frames) {
        told.push_back(std::string(frame.at("topic").as_string()) + " "
                       + std::string(frame.at("type").as_string()));
    }
    EXPECT_EQ(told, (std::vector<std::string>{"tables/new created", "tables/docs altered",
                                              "tables/old deleted", "tables/rows change"}));
    EXPECT_EQ(ears_->data(3).at("operation"), "unknown");
    EXPECT_EQ(ears_->data(0).at("message"), "tables/new created");

    ChangeSet too_many;
    too_many.too_large = true;
    too_many.tables = {"docs"};
    ears_->frames.clear();
    feed_.commit(std::move(too_many));
    ASSERT_EQ(ears_->frames.size(), 2U) << "of a collection, and of its table";
    EXPECT_EQ(ears_->frames[0].at("topic"), "collections/docs");
    EXPECT_EQ(ears_->frames[1].at("topic"), "tables/docs");
}

}  // namespace
}  // namespace zs::data
