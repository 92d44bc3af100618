#include "base/json.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace zs {
namespace {

std::string as_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

template <class Number>
std::string as_number(Number number) {
    std::string out;
    append_json_number(out, number);
    return out;
}

TEST(Json, ParsesWhatIsJson) {
    const auto value = parse_json(R"( {"a":[1,2.5,"x\n",null,true],"b":{}} )");
    ASSERT_TRUE(value);
    EXPECT_EQ(boost::json::serialize(*value), R"({"a":[1,2.5E0,"x\n",null,true],"b":{}})");
}

TEST(Json, NamesLineAndColumn) {
    const auto value = parse_json("{\n  \"a\": tru\n}");
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().reason, "invalid_json");
    EXPECT_EQ(value.error().details.at("line"), 2);
    EXPECT_GE(value.error().details.at("column").as_int64(), 8);
}

TEST(Json, RefusesDuplicateKeysAtAnyDepth) {
    EXPECT_TRUE(parse_json(R"({"a":{"b":1},"c":{"b":2}})"));
    const auto value = parse_json(R"([{"a":1,"b":{"x":1,"x":2}}])");
    ASSERT_FALSE(value);
    EXPECT_NE(value.error().message.find("duplicate key \"x\""), std::string::npos);
}

TEST(Json, RefusesDepthTrailersAndBadUtf8) {
    const std::string deep = std::string(65, '[') + std::string(65, ']');
    EXPECT_FALSE(parse_json(deep));
    EXPECT_TRUE(parse_json(std::string(64, '[') + std::string(64, ']')));
    for (const auto* text :
         {"", "{", "[1,]", "{} {}", "nul", "\"\xff\"", "01", "{'a':1}", "[1] x"}) {
        EXPECT_FALSE(parse_json(text)) << text;
    }
}

TEST(Json, WritesStringsThatAlwaysParse) {
    EXPECT_EQ(as_string("a\"b\\c\n\x01"), "\"a\\\"b\\\\c\\n\\u0001\"");
    EXPECT_EQ(as_string("é世🎉"), "\"é世🎉\"");
    EXPECT_EQ(as_string("a\xff\xc3"), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(Json, WritesNumbersWithoutLoss) {
    EXPECT_EQ(as_number(std::int64_t{9007199254740991}), "9007199254740991");
    EXPECT_EQ(as_number(std::int64_t{9007199254740992}), "\"9007199254740992\"");
    EXPECT_EQ(as_number(0.1), "0.1");
    EXPECT_EQ(as_number(2.0), "2.0");
    EXPECT_EQ(as_number(1e300), "1e+300");
    EXPECT_EQ(as_number(std::numeric_limits<double>::infinity()), "\"Infinity\"");
    EXPECT_EQ(as_number(std::numeric_limits<double>::quiet_NaN()), "\"NaN\"");
}

}  // namespace
}  // namespace zs
