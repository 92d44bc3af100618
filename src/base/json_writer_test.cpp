#include "base/json_writer.hpp"

#include "base/json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <gtest/gtest.h>

#include <bit>
#include <random>

namespace zs {
namespace {

namespace json = boost::json;

std::string again(std::string_view text) {
    return write_json(parse_json(text).value());
}

TEST(JsonWriter, WritesNumbersAsPeopleDo) {
    EXPECT_EQ(write_json(40.11), "40.11");
    EXPECT_EQ(write_json(9.99), "9.99");
    EXPECT_EQ(write_json(2.0), "2.0");
    EXPECT_EQ(write_json(-0.5), "-0.5");
    EXPECT_EQ(again("[18446744073709551615,-9223372036854775808,9007199254740993]"),
              "[18446744073709551615,-9223372036854775808,9007199254740993]");
}

TEST(JsonWriter, KeepsNumbersThatNoDoubleHolds) {
    EXPECT_EQ(again("[1e400,-1e400]"), "[1e999,-1e999]");
    EXPECT_EQ(again(again("[1e400]")), "[1e999]");
}

TEST(JsonWriter, WritesStructureWithoutSpaces) {
    EXPECT_EQ(again(R"( { "a" : [ ] , "b" : { } , "c" : [ null , true , false , "x\"\n" ] } )"),
              R"({"a":[],"b":{},"c":[null,true,false,"x\"\n"]})");
    EXPECT_EQ(write_json(json::value(json::string("\0x", 2))), "\"\\u0000x\"");
}

TEST(JsonWriter, EveryDoubleReadsBackAsItself) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int round = 0; round < 20'000; ++round) {
        const auto number = std::bit_cast<double>(random());
        if (!std::isfinite(number)) continue;
        const auto text = write_json(number);
        const auto back = std::strtod(text.c_str(), nullptr);
        ASSERT_EQ(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(number)) << text;
    }
}

}  // namespace
}  // namespace zs
