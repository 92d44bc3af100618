#include "core/events/topic.hpp"

#include <gtest/gtest.h>

namespace zs::events {
namespace {

using identity::Resource;
using identity::Right;
using identity::Rights;

TEST(Topic, FiltersAreReadAndWrittenBack) {
    for (const char* text :
         {"jobs/0198c0de", "jobs/*", "tables/books", "tables/a table", "collections/*",
          "permissions", "system", "rooms/x", "documents/d/1"}) {
        const auto filter = parse_topic_filter(text);
        ASSERT_TRUE(filter) << text;
        EXPECT_EQ(filter->text(), text);
    }
}

TEST(Topic, EverythingElseIsUnknown) {
    for (const std::string& text :
         {std::string(), std::string("jobs"), std::string("jobs/"), std::string("*"),
          std::string("*/x"), std::string("system/x"), std::string("permissions/*"),
          std::string("Jobs/x"), std::string("unheard/x"), std::string("tables/\n"),
          std::string("tables/a\0b", 10), "tables/" + std::string(300, 'x')}) {
        const auto filter = parse_topic_filter(text);
        ASSERT_FALSE(filter) << text;
        EXPECT_EQ(filter.error().reason, "unknown_topic");
    }
}

TEST(Topic, AFilterMatchesItsTopicAndTypes) {
    auto one = parse_topic_filter("jobs/a").value();
    EXPECT_TRUE(one.matches({TopicFamily::Jobs, "a"}, "log"));
    EXPECT_FALSE(one.matches({TopicFamily::Jobs, "b"}, "log"));
    EXPECT_FALSE(one.matches({TopicFamily::Tables, "a"}, "log"));
    auto all = parse_topic_filter("jobs/*").value();
    EXPECT_TRUE(all.matches({TopicFamily::Jobs, "b"}, "state"));
    EXPECT_FALSE(all.matches({TopicFamily::Jobs, "b"}, "log")) << "only when it is named";
    all.types = {"log"};
    EXPECT_TRUE(all.matches({TopicFamily::Jobs, "b"}, "log"));
    EXPECT_FALSE(all.matches({TopicFamily::Jobs, "b"}, "state"));
    EXPECT_TRUE(one.matches({TopicFamily::Jobs, "*"}, "state")) << "it is about every job";
}

TEST(Topic, ListeningNeedsTheRightToRead) {
    Rights none;
    Rights tables;
    tables.set(Resource::Tables, {Right::Read});
    tables.set_table("secret", {});
    Rights one_table;
    one_table.set_table("books", {Right::Read});
    const auto may = [](const char* topic, const Rights& rights) {
        return check_may_listen(parse_topic_filter(topic).value(), rights).has_value();
    };
    EXPECT_TRUE(may("system", none));
    for (const char* topic : {"tables/books", "tables/*", "collections/a", "jobs/*", "permissions",
                              "documents/x", "rooms/*", "executions/e"}) {
        EXPECT_FALSE(may(topic, none)) << topic;
        EXPECT_TRUE(may(topic, Rights::everything())) << topic;
    }
    EXPECT_TRUE(may("tables/*", tables));
    EXPECT_FALSE(may("tables/secret", tables));
    EXPECT_FALSE(may("tables/Secret", tables)) << "names are compared as SQL compares them";
    EXPECT_TRUE(may("tables/books", one_table));
    EXPECT_FALSE(may("tables/*", one_table));
    EXPECT_FALSE(may_receive({TopicFamily::Tables, "secret"}, tables)) << "behind a wildcard";
    EXPECT_TRUE(may_receive({TopicFamily::Tables, "books"}, tables));
    EXPECT_TRUE(may_receive({TopicFamily::Tables, "*"}, one_table));
    EXPECT_FALSE(may_receive({TopicFamily::Jobs, "a"}, tables));
}

}  // namespace
}  // namespace zs::events
