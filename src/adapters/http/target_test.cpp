#include "adapters/http/target.hpp"

#include <gtest/gtest.h>

namespace zs::http {
namespace {

TEST(Target, OriginForm) {
    const auto target = parse_target("/a/b%20c?x=1&y=2");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->form, Target::Form::Origin);
    EXPECT_EQ(target->path, "/a/b%20c");
    EXPECT_EQ(target->query, "x=1&y=2");
    EXPECT_EQ(parse_target("/?")->query, "");
    EXPECT_EQ(parse_target("//a")->path, "//a");
}

TEST(Target, AbsoluteForm) {
    const auto target = parse_target("HTTP://host:80/a?b=c");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->form, Target::Form::Absolute);
    EXPECT_EQ(target->authority, "host:80");
    EXPECT_EQ(target->path, "/a");
    EXPECT_EQ(target->query, "b=c");
    EXPECT_EQ(parse_target("https://host")->path, "/");
    EXPECT_EQ(parse_target("https://host?q=1")->query, "q=1");
    EXPECT_FALSE(parse_target("ftp://host/a"));
    EXPECT_FALSE(parse_target("http://"));
    EXPECT_FALSE(parse_target("http://user@host/"));
}

TEST(Target, OtherForms) {
    EXPECT_EQ(parse_target("*")->form, Target::Form::Asterisk);
    EXPECT_EQ(parse_target("host:443")->form, Target::Form::Authority);
    EXPECT_FALSE(parse_target("host"));
    EXPECT_FALSE(parse_target(""));
    EXPECT_FALSE(parse_target("**"));
}

TEST(Target, RefusesWhatNoUrlHolds) {
    for (const std::string_view text :
         {"/a b", "/a\tb", "/\x01", "/\x7F", "/\xC3\xA4", "/a#b", "/%", "/%4", "/%zz", "/%4g",
          "/%00", "/a?b=%0", "/a?b=%00"}) {
        EXPECT_FALSE(parse_target(text)) << text;
    }
    EXPECT_FALSE(parse_target(std::string_view("/\0", 2)));
}

TEST(Target, PercentDecoding) {
    EXPECT_EQ(percent_decode("a%2Fb%2fc+d", Plus::IsPlus), "a/b/c+d");
    EXPECT_EQ(percent_decode("a+b%2B", Plus::IsBlank), "a b+");
    EXPECT_EQ(percent_decode("%F0%9F%98%80", Plus::IsPlus), "\xF0\x9F\x98\x80");
    EXPECT_EQ(percent_decode("%", Plus::IsPlus), std::nullopt);
    EXPECT_EQ(percent_decode("%1", Plus::IsPlus), std::nullopt);
    EXPECT_EQ(percent_decode("%x1", Plus::IsPlus), std::nullopt);
}

TEST(Target, QueryValues) {
    constexpr std::string_view kQuery = "a=1&b&&c=x%3Dy&a=2&d%5B%5D=z&e=";
    EXPECT_EQ(query_value(kQuery, "a"), "1");
    EXPECT_EQ(query_value(kQuery, "b"), "");
    EXPECT_EQ(query_value(kQuery, "c"), "x=y");
    EXPECT_EQ(query_value(kQuery, "d[]"), "z");
    EXPECT_EQ(query_value(kQuery, "e"), "");
    EXPECT_EQ(query_value(kQuery, ""), std::nullopt);
    EXPECT_EQ(query_value(kQuery, "f"), std::nullopt);
    EXPECT_EQ(query_value("", "a"), std::nullopt);
    EXPECT_EQ(query_value("a", "a"), "");
}

}  // namespace
}  // namespace zs::http
